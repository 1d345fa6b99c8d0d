package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.core.memory.Footprint;
import io.github.sparkfinetune.core.memory.ShardedParameters;

/**
 * Bytes that a rank receives from the others in an optimizer step, if each rank is on a machine of its own.
 *
 * @param gradients bytes of sums of gradients
 * @param weights bytes of updated or gathered weights
 */
public record Traffic(long gradients, long weights) {
    private static final double BYTES_PER_GIGABIT = 1e9 / 8;

    /**
     * @param gradients bytes of all gradients
     * @param rows bytes of a table's rows of a step, or 0
     * @param ranks number of ranks
     */
    static Traffic of(Footprint footprint, Shard shard, int ranks, long gradients, long rows) {
        long trained = footprint.parameters().trained() * Float.BYTES;
        ShardedParameters sharded = footprint.parameters().sharded();
        long updated = trained - sharded.all() * Float.BYTES;
        // Layers are gathered before their forward and again before their backward.
        long layers = 2 * (sharded.gathered().layers() + sharded.codes());
        long gathered = updated + layers + sharded.gathered().lmHead() + (sharded.all() == 0 ? 0 : rows);
        return switch (shard) {
            case NONE -> new Traffic(2 * others(gradients, ranks), 0);
            case OPTIMIZER -> new Traffic(2 * others(gradients, ranks), others(trained, ranks));
            case GRADIENTS -> new Traffic(others(gradients, ranks), others(trained, ranks));
            case FULL -> new Traffic(others(gradients, ranks), others(gathered, ranks));
        };
    }

    private static long others(long bytes, int ranks) {
        return bytes / ranks * (ranks - 1);
    }

    /** Returns all bytes. */
    public long sum() {
        return gradients + weights;
    }

    /** Returns the seconds that the bytes take on a network of a speed in Gbit/s. */
    public double seconds(double gigabits) {
        return sum() / (gigabits * BYTES_PER_GIGABIT);
    }
}
