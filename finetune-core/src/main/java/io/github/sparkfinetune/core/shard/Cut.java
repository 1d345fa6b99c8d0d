package io.github.sparkfinetune.core.shard;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Cut of some tensors into the shares of n ranks. The tensors' values are counted one tensor after the other. Of N
 * values, rank r owns about [⌊N r / n⌋, ⌊N (r + 1) / n⌋): a share begins and ends at a multiple of {@link #unit} values
 * of a tensor, or with the tensor. Then an optimizer, and a norm over units, has the same bits on any number of ranks.
 */
public final class Cut {
    /** Number of values of a tensor that no share divides. Not final, so that tests cut small tensors. */
    static volatile int unit = 4096;

    /**
     * Values of one tensor that a rank owns.
     *
     * @param tensor index of the tensor
     * @param from index of the first value, row-major
     * @param to index after the last value
     */
    public record Range(int tensor, long from, long to) {
        /** Returns the number of values. */
        public long size() {
            return to - from;
        }
    }

    /** Number of values before each tensor, and of all values. */
    private final long[] starts;

    private final long[] bounds;
    private final int size;

    /**
     * @param sizes number of values of each tensor
     * @param ranks number of ranks
     */
    public Cut(long[] sizes, int ranks) {
        starts = new long[sizes.length + 1];
        for (int i = 0; i < sizes.length; i++) {
            starts[i + 1] = starts[i] + sizes[i];
        }
        size = unit;
        bounds = IntStream.rangeClosed(0, ranks)
                .mapToLong(rank -> bound(rank, ranks))
                .toArray();
    }

    private long bound(int rank, int ranks) {
        long total = starts[starts.length - 1];
        long at = Math.multiplyExact(total, (long) rank) / ranks;
        int found = Arrays.binarySearch(starts, at);
        long start = starts[found >= 0 ? found : -found - 2];
        return start + (at - start) / size * size;
    }

    /** Returns the number of values of a tensor that no share divides, a multiple of 16. */
    public int unit() {
        return size;
    }

    /** Returns the number of ranks. */
    public int ranks() {
        return bounds.length - 1;
    }

    /** Returns whether all shares have as many values. */
    public boolean isEven() {
        return LongStream.range(1, bounds.length).allMatch(rank -> bounds[(int) rank] == rank * bounds[1]);
    }

    /** Returns the index of the first value of a rank's share. */
    public long start(int rank) {
        return bounds[rank];
    }

    /** Returns the number of values of a rank's share. */
    public long size(int rank) {
        return bounds[rank + 1] - bounds[rank];
    }

    /** Returns the index of the first value of a range among the values of its rank's share. */
    public long offset(int rank, Range range) {
        return starts[range.tensor()] + range.from() - bounds[rank];
    }

    /** Returns a rank's share by tensors, without empty ranges. */
    public List<Range> of(int rank) {
        List<Range> ranges = new ArrayList<>();
        for (int tensor = 0; tensor + 1 < starts.length; tensor++) {
            long from = Math.max(bounds[rank], starts[tensor]);
            long to = Math.min(bounds[rank + 1], starts[tensor + 1]);
            if (from < to) {
                ranges.add(new Range(tensor, from - starts[tensor], to - starts[tensor]));
            }
        }
        return List.copyOf(ranges);
    }
}
