package io.github.sparkfinetune.spark.shuffle;

import java.io.Serializable;

/**
 * Tasks and blocks of a shuffle. Each map task writes a block for each reduce task, so that 41,000 tasks on both sides
 * (10 TB) would write 1.7 billion blocks of 6 KB. A shuffle with more than {@value #BLOCKS_A_TASK} blocks for each task
 * of both sides has two levels.
 *
 * <p>The first level sends rows to groups of about √R of the R reduce tasks. A group has several tasks, and the map
 * tasks take turns among them. The second level sends the rows of a group to its reduce tasks. Each task writes about
 * √R blocks, at the price that the rows are written and read twice.
 *
 * @param maps number of map tasks
 * @param reducers number of reduce tasks
 * @param size number of reduce tasks of a group; 0 if the shuffle has one level
 * @param turns number of tasks of a group
 */
public record Levels(int maps, int reducers, int size, int turns) implements Serializable {
    /** Blocks for each task of both sides up to which a shuffle has one level. */
    public static final long BLOCKS_A_TASK = 512;

    /** Returns the levels of a shuffle. */
    public static Levels of(int maps, int reducers) {
        return of(maps, reducers, BLOCKS_A_TASK);
    }

    /** Returns the levels of a shuffle among the reduce tasks of this shuffle. */
    public Levels among() {
        return of(reducers, reducers);
    }

    static Levels of(int maps, int reducers, long blocksPerTask) {
        if ((long) maps * reducers <= blocksPerTask * ((long) maps + reducers)) {
            return new Levels(maps, reducers, 0, 0);
        }
        int size = (int) Math.ceil(Math.sqrt(reducers));
        int groups = divided(reducers, size);
        return new Levels(maps, reducers, size, Math.min(maps, divided(Math.max(maps, reducers), groups)));
    }

    private static int divided(int count, int by) {
        return (count - 1) / by + 1;
    }

    /** Returns whether the shuffle has two levels. */
    public boolean isTwo() {
        return size > 0;
    }

    /** Returns the number of groups of the first level. */
    public int groups() {
        return divided(reducers, size);
    }

    /** Returns the number of tasks between both levels; 0 if there is one level. */
    public int between() {
        return isTwo() ? turns * groups() : 0;
    }

    /** Returns the largest number of blocks. */
    public long blocks() {
        return isTwo() ? (long) maps * groups() + (long) turns * reducers : (long) maps * reducers;
    }

    /** Returns how often each row is written. */
    public int writes() {
        return isTwo() ? 2 : 1;
    }

    /** Returns the task of the first level that takes a row of a map task. */
    int first(int map, int reducer) {
        return map % turns * groups() + reducer / size;
    }
}
