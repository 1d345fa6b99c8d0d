package io.github.sparkfinetune.core.model.sharded;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.quant.Nf4Tensor;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Future;

/**
 * Codes of a layer's frozen weights in 4 bits, which the ranks hold together. Each rank reads its share of them from
 * the mapped file, or has copied it to its GPU, and gathers the others' shares for as long as it computes with the
 * layer. Scales are whole on every rank.
 */
public final class ShardedCodes {
    private final Collective ranks;
    private final List<ByteBuffer> codes = new ArrayList<>();
    private final long size;
    /** This rank's codes on its GPU, if the ranks exchange values there. */
    private Optional<NDArray> own = Optional.empty();

    private ScriptModule script;

    private ShardedCodes(Collective ranks, List<Nf4Tensor> weights) {
        this.ranks = ranks;
        weights.forEach(weight -> codes.add(weight.packed()));
        this.size = codes.stream().mapToLong(ByteBuffer::remaining).sum();
    }

    /** Receives the codes of a weight on a GPU. */
    public interface Lent {
        /**
         * Receives codes.
         *
         * @param codes the codes [bytes], U8, which are there while the layer is computed
         */
        void receive(Nf4Tensor weight, NDArray codes);
    }

    /**
     * Shares those weights of a layer whose codes are mapped from a file.
     *
     * @param stored the layer's weights by local name; shared weights are replaced by ones over gathered memory
     * @param lent receives the codes of the replaced weights, if the ranks gather them on their GPUs
     * @return the shares, or empty if no weight is mapped
     */
    public static Optional<ShardedCodes> of(
            Collective ranks, Map<String, StoredWeight> stored, WeightGathering gathering, Lent lent) {
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
        CodeMemory memory = gathering.add(shared);
        int at = 0;
        for (Map.Entry<String, Nf4Tensor> weight : mapped.entrySet()) {
            int end = at + weight.getValue().packed().remaining();
            Nf4Tensor gathered = weight.getValue().over(memory.bytes(at, end));
            stored.put(weight.getKey(), gathered);
            if (memory.isOnDevice()) {
                lent.receive(gathered, memory.tensor(gathering.device().manager(), at, end));
            }
            at = end;
        }
        if (memory.isOnDevice()) {
            shared.copyOwn(gathering.device(), gathering.script());
        }
        return Optional.of(shared);
    }

    /** Copies this rank's codes to its GPU. */
    private void copyOwn(Device device, ScriptModule copies) {
        script = copies;
        NDArray share =
                device.manager().create(new Shape(start(ranks.rank() + 1) - start(ranks.rank())), DataType.UINT8);
        device.stage(share, host -> {
            write(host.bytes());
            host.upload();
        });
        own = Optional.of(share);
    }

    /** Returns the number of bytes of all codes. */
    int size() {
        return Math.toIntExact(size);
    }

    /** Starts to gather all codes; this rank's codes are written at once. */
    Future<?> gather(CodeMemory target) {
        int start = start(ranks.rank());
        int end = start(ranks.rank() + 1);
        own.ifPresentOrElse(
                share -> {
                    try (NDManager owner = share.getManager().newSubManager()) {
                        script.call(owner, "copy", target.tensor(owner, start, end), share);
                    }
                },
                () -> write(target.bytes(start, end)));
        List<ByteBuffer> whole = target.parts(0, size());
        if (whole.size() == 1 && size % ranks.size() == 0) {
            return ranks.allGatherEvenAsync(whole);
        }
        List<List<ByteBuffer>> shares = new ArrayList<>();
        for (int rank = 0; rank < ranks.size(); rank++) {
            shares.add(target.parts(start(rank), start(rank + 1)));
        }
        return ranks.allGatherIntoAsync(shares);
    }

    /** Writes this rank's codes to a buffer of its share. */
    private void write(ByteBuffer target) {
        int start = start(ranks.rank());
        int end = start(ranks.rank() + 1);
        long before = 0;
        for (ByteBuffer weight : codes) {
            int from = (int) Math.max(0, start - before);
            int to = (int) Math.min(weight.limit(), end - before);
            if (from < to) {
                target.put((int) (before + from - start), weight, from, to - from);
            }
            before += weight.limit();
        }
    }

    private int start(int rank) {
        return (int) Collective.firstOfShare(size, rank, ranks.size());
    }
}
