package io.github.sparkfinetune.data.dataset;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Order of one epoch: a permutation of a split's storage indexes that is a pure function of (seed, epoch, rows of the
 * row groups). Row groups are shuffled, then the rows within each group, so a reader in this order loads every row
 * group once. The order depends neither on the world size nor on restarts.
 *
 * <p>Construction costs O(row groups). Going through the positions in order costs O(1) each, amortised. Not for
 * concurrent use.
 */
public final class EpochOrder {
    private static final int ORDERS = 64;

    private final long epochSeed;
    private final int[] groups;
    private final long[] firstPosition;
    private final long[] firstIndex;
    private final int[] rows;

    /** Orders within the most recently used row groups, because the shares of several ranks take turns. */
    private final Map<Integer, int[]> within = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Integer, int[]> eldest) {
            return size() > ORDERS;
        }
    };

    private int current = -1;

    /**
     * @param rowGroups rows of each row group, in storage order
     * @param seed the run's seed
     * @param epoch in [0, …)
     */
    public EpochOrder(List<Integer> rowGroups, long seed, int epoch) {
        int count = rowGroups.size();
        epochSeed = Seeds.derive(seed, Seeds.Purpose.SHUFFLE, epoch);
        // Index -1 belongs to no row group, so the order of the groups has a random stream of its own.
        groups = Seeds.permutation(count, Seeds.fold(epochSeed, -1));
        firstIndex = new long[count];
        rows = new int[count];
        long next = 0;
        for (int i = 0; i < count; i++) {
            firstIndex[i] = next;
            rows[i] = rowGroups.get(i);
            next += rows[i];
        }
        firstPosition = new long[count + 1];
        for (int i = 0; i < count; i++) {
            firstPosition[i + 1] = firstPosition[i] + rows[groups[i]];
        }
    }

    /** Returns the number of samples. */
    public long size() {
        return firstPosition[groups.length];
    }

    /**
     * Returns the storage index of the sample at a position of the epoch.
     *
     * @param position in [0, size())
     */
    public long index(long position) {
        if (position < 0 || position >= size()) {
            throw new IndexOutOfBoundsException("position " + position + " of an epoch of " + size() + " samples");
        }
        if (current < 0 || position < firstPosition[current] || position >= firstPosition[current + 1]) {
            current = find(position);
        }
        int group = groups[current];
        int[] order = within.computeIfAbsent(group, some -> Seeds.permutation(rows[some], Seeds.fold(epochSeed, some)));
        return firstIndex[group] + order[(int) (position - firstPosition[current])];
    }

    /** Returns the last group that is not empty and begins at or before the position. */
    private int find(long position) {
        int low = 0;
        int high = groups.length - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (firstPosition[middle] <= position) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }
}
