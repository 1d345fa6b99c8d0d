package io.github.sparkfinetune.spark.estimate;

import io.github.sparkfinetune.spark.shuffle.Levels;

/**
 * Tasks, blocks and bytes of a shuffle.
 *
 * @param name what is shuffled
 * @param levels tasks of both sides
 * @param rows number of rows
 * @param rowBytes approximate bytes of a row before compression
 */
public record ShuffleEstimate(String name, Levels levels, long rows, long rowBytes) {
    /** Returns the largest number of blocks. */
    public long blocks() {
        return levels.blocks();
    }

    /** Returns the bytes that map tasks write, before compression. */
    public long bytes() {
        return rows * rowBytes * levels.writes();
    }

    /** Returns the average bytes of a block. */
    public long blockBytes() {
        return bytes() / Math.max(1, blocks());
    }

    /** Returns the number of tasks that write blocks. */
    public long writers() {
        return levels.maps() + (long) levels.between();
    }

    /** Returns the blocks for each task of both sides: at most {@link Levels#BLOCKS_A_TASK}. */
    public double blocksPerTask() {
        return blocks() / (double) (levels.maps() + (long) levels.reducers());
    }
}
