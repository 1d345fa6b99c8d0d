package io.github.sparkfinetune.core.model.sharded;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.quant.Nf4Tensor;
import io.github.sparkfinetune.core.quant.StoredWeight;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;

/**
 * Codes of a layer's frozen weights in 4 bits, which the ranks hold together. Each rank reads its share of them from
 * the mapped file, and gathers the others' shares for as long as it computes with the layer. Scales are whole on every
 * rank.
 */
public final class ShardedCodes {
    private final Collective ranks;
    private final List<ByteBuffer> codes = new ArrayList<>();
    private final long size;

    private ShardedCodes(Collective ranks, List<Nf4Tensor> weights) {
        this.ranks = ranks;
        weights.forEach(weight -> codes.add(weight.packed()));
        this.size = codes.stream().mapToLong(ByteBuffer::remaining).sum();
    }

    /**
     * Shares those weights of a layer whose codes are mapped from a file.
     *
     * @param stored the layer's weights by local name; shared weights are replaced by ones over gathered memory
     * @return the shares, or empty if no weight is mapped
     */
    public static Optional<ShardedCodes> of(
            Collective ranks, Map<String, StoredWeight> stored, WeightGathering gathering) {
        Map<String, Nf4Tensor> mapped = new LinkedHashMap<>();
        stored.forEach((local, weight) -> {
            if (weight instanceof Nf4Tensor codes && codes.isMapped()) {
                mapped.put(local, codes);
            }
        });
        if (mapped.isEmpty()) {
            return Optional.empty();
        }
        ShardedCodes shared = new ShardedCodes(ranks, List.copyOf(mapped.values()));
        ByteBuffer memory = gathering.add(shared);
        int at = 0;
        for (Map.Entry<String, Nf4Tensor> weight : mapped.entrySet()) {
            int length = weight.getValue().packed().remaining();
            stored.put(weight.getKey(), weight.getValue().over(memory.slice(at, length)));
            at += length;
        }
        return Optional.of(shared);
    }

    /** Returns the number of bytes of all codes. */
    int size() {
        return Math.toIntExact(size);
    }

    /** Starts to gather all codes into a buffer; this rank's codes are written to it at once. */
    Future<?> gather(ByteBuffer target) {
        List<List<ByteBuffer>> shares = new ArrayList<>();
        for (int rank = 0; rank < ranks.size(); rank++) {
            int from = start(rank);
            shares.add(List.of(target.slice(from, start(rank + 1) - from)));
        }
        long before = 0;
        for (ByteBuffer weight : codes) {
            int from = (int) Math.max(0, start(ranks.rank()) - before);
            int to = (int) Math.min(weight.limit(), start(ranks.rank() + 1) - before);
            if (from < to) {
                target.put((int) before + from, weight, from, to - from);
            }
            before += weight.limit();
        }
        return ranks.allGatherIntoAsync(shares);
    }

    private int start(int rank) {
        return (int) (size * rank / ranks.size());
    }
}
