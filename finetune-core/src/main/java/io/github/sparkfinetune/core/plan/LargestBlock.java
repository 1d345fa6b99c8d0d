package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.memory.ShardedParameters;
import java.util.Optional;

/**
 * Block that takes the most memory with {@code cluster.shard: full}. A rank has its gathered weights and its gradients
 * at once, however many ranks there are.
 *
 * @param name what the block is
 * @param bytes bytes of its weights and gradients
 */
public record LargestBlock(String name, long bytes) {
    static Optional<LargestBlock> of(Footprint footprint) {
        ShardedParameters sharded = footprint.parameters().sharded();
        if (sharded.all() == 0) {
            return Optional.empty();
        }
        ShardedParameters.Gathered gathered = sharded.gathered();
        // The next layer is gathered, and the gradients of the layer above are summed, while a layer is computed.
        long layers = 2 * (gathered.largestLayer() + sharded.largestLayer() * Float.BYTES);
        long lmHead = gathered.lmHead() + sharded.lmHead() * Float.BYTES;
        return Optional.of(
                layers < lmHead ? new LargestBlock("the lm_head", lmHead) : new LargestBlock("two layers", layers));
    }
}
