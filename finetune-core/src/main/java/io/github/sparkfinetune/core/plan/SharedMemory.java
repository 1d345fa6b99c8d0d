package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.memory.ShardedParameters;

/**
 * Memory of trained weights and gradients of a rank, by what the ranks share.
 *
 * @param weights bytes of trained weights, a share or all, with their copies
 * @param elsewhere bytes of frozen weights that other ranks hold
 * @param gathered bytes of buffers for weights that are gathered
 * @param gradients bytes of gradients
 */
record SharedMemory(long weights, long elsewhere, long gathered, long gradients) {
    /** Bytes of gradients that wait for those of the next layer, so that a sum over the ranks has a useful size. */
    private static final long BUCKET = 8_000_000;

    /**
     * @param gradients bytes of all gradients, with a table's rows of a step
     * @param rows bytes of a table's rows of a step, part of {@code gradients}, or 0
     * @param ranks number of ranks
     */
    static SharedMemory of(Footprint footprint, Shard shard, int ranks, long gradients, long rows) {
        long whole = footprint.weights().trained() + footprint.weights().copies();
        if (ranks == 1 || !shard.shares(Shard.GRADIENTS)) {
            return new SharedMemory(whole, 0, 0, gradients);
        }
        ShardedParameters sharded = footprint.parameters().sharded();
        long layer = sharded.largestLayer() * Float.BYTES;
        long head = sharded.lmHead() * Float.BYTES;
        // Two layers, of which one is written while the other is summed, or the lm_head's before them.
        long written = Math.min(gradients, Math.max(2 * Math.max(layer, BUCKET), head + layer));
        long shares = rows + (gradients - rows + ranks - 1) / ranks + written;
        if (shard != Shard.FULL) {
            return new SharedMemory(whole, 0, 0, shares);
        }
        ShardedParameters.Gathered gathered = sharded.gathered();
        long held = sharded.all() * Float.BYTES;
        return new SharedMemory(
                held == 0 ? whole : footprint.weights().trained() - held + (held + ranks - 1) / ranks,
                sharded.codes() / ranks * (ranks - 1),
                2 * (gathered.largestLayer() + sharded.largestCodes()) + gathered.lmHead() + (held == 0 ? 0 : rows),
                shares);
    }
}
