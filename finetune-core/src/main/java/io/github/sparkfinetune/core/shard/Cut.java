package io.github.sparkfinetune.core.shard;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Cut of some tensors into the shares of n ranks. A share begins and ends at a multiple of {@link #unit} values of a
 * tensor, or with the tensor. Then an optimizer, and a norm over units, has the same bits on any number of ranks.
 *
 * <p>Consecutive tensors of one kind are a {@link Section}, of which each rank owns a range. If all its tensors have a
 * multiple of {@link #unit} values, the section is even: all ranks own as many values, but the last ones own what is
 * left. Memory with padding after the section then has equal shares, which one call gathers or sums. Otherwise rank r
 * owns about [⌊N r / n⌋, ⌊N (r + 1) / n⌋) of N values.
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

    /**
     * Consecutive tensors that are cut together.
     *
     * @param first index of the first tensor
     * @param end index after the last tensor
     * @param position index of the first value in memory with the padding of all sections
     * @param isEven whether its memory has equal shares
     * @param bounds index of each rank's first value among the section's, and the number of its values
     */
    public record Section(int first, int end, long position, boolean isEven, List<Long> bounds) {
        public Section {
            bounds = List.copyOf(bounds);
        }

        /** Returns the index of a rank's first value among those of the section. */
        public long start(int rank) {
            return bounds.get(rank);
        }

        /** Returns the number of a rank's values. */
        public long size(int rank) {
            return bounds.get(rank + 1) - bounds.get(rank);
        }

        /** Returns the number of values of its memory, with padding if it is even. */
        public long memory() {
            int ranks = bounds.size() - 1;
            return isEven ? ranks * bounds.get(1) : bounds.get(ranks);
        }
    }

    /** Number of values before each tensor, and of all values. */
    private final long[] starts;

    private final List<Section> sections = new ArrayList<>();
    private final int ranks;
    private final int size;

    /**
     * Cuts tensors of one kind.
     *
     * @param sizes number of values of each tensor
     * @param ranks number of ranks
     */
    public Cut(long[] sizes, int ranks) {
        this(sizes, ranks, new int[sizes.length]);
    }

    /**
     * Cuts tensors.
     *
     * @param sizes number of values of each tensor
     * @param ranks number of ranks
     * @param kinds kind of each tensor
     */
    public Cut(long[] sizes, int ranks, int[] kinds) {
        starts = new long[sizes.length + 1];
        for (int i = 0; i < sizes.length; i++) {
            starts[i + 1] = starts[i] + sizes[i];
        }
        this.ranks = ranks;
        size = unit;
        long position = 0;
        int end;
        for (int first = 0; first < sizes.length; first = end) {
            end = first + 1;
            while (end < sizes.length && kinds[end] == kinds[first]) {
                end++;
            }
            boolean isEven = Arrays.stream(sizes, first, end).allMatch(some -> some % size == 0);
            Section section = new Section(first, end, position, isEven, bounds(first, end, isEven));
            sections.add(section);
            position += section.memory();
        }
    }

    private List<Long> bounds(int first, int end, boolean isEven) {
        long total = starts[end] - starts[first];
        long share = (total / size + ranks - 1) / ranks * size;
        return IntStream.rangeClosed(0, ranks)
                .mapToObj(rank -> isEven ? Math.min(total, rank * share) : bound(first, total, rank))
                .toList();
    }

    private long bound(int first, long total, int rank) {
        long at = starts[first] + Math.multiplyExact(total, (long) rank) / ranks;
        int found = Arrays.binarySearch(starts, at);
        long start = starts[found >= 0 ? found : -found - 2];
        return start + (at - start) / size * size - starts[first];
    }

    /** Returns the number of values of a tensor that no share divides, a multiple of 16. */
    public int unit() {
        return size;
    }

    /** Returns the number of ranks. */
    public int ranks() {
        return ranks;
    }

    /** Returns the sections in the order of the tensors. */
    public List<Section> sections() {
        return List.copyOf(sections);
    }

    /** Returns whether the memory of every section has equal shares. */
    public boolean isEven() {
        return sections.stream().allMatch(Section::isEven);
    }

    /** Returns the number of values of memory that holds all sections with their padding. */
    public long memory() {
        return sections.stream().mapToLong(Section::memory).sum();
    }

    /** Returns the index of each tensor's first value in memory that holds all sections with their padding. */
    public long[] positions() {
        return sections.stream()
                .flatMapToLong(section -> LongStream.range(section.first(), section.end())
                        .map(tensor -> section.position() + starts[(int) tensor] - starts[section.first()]))
                .toArray();
    }

    /** Returns the index of the first value of a rank's share of a single section. */
    public long start(int rank) {
        if (sections.size() != 1) {
            throw new IllegalStateException(sections.size() + " sections");
        }
        return sections.get(0).start(rank);
    }

    /** Returns the number of values of a rank's share. */
    public long size(int rank) {
        return sections.stream().mapToLong(section -> section.size(rank)).sum();
    }

    /** Returns the index of the first value of a range among the values of its rank's share. */
    public long offset(int rank, Range range) {
        long before = 0;
        for (Section section : sections) {
            if (range.tensor() < section.end()) {
                return before + starts[range.tensor()] - starts[section.first()] + range.from() - section.start(rank);
            }
            before += section.size(rank);
        }
        throw new IllegalArgumentException("no tensor " + range.tensor());
    }

    /** Returns a rank's share by tensors, without empty ranges. */
    public List<Range> of(int rank) {
        List<Range> ranges = new ArrayList<>();
        for (Section section : sections) {
            long begin = starts[section.first()] + section.start(rank);
            for (int tensor = section.first(); tensor < section.end(); tensor++) {
                long from = Math.max(begin, starts[tensor]);
                long to = Math.min(begin + section.size(rank), starts[tensor + 1]);
                if (from < to) {
                    ranges.add(new Range(tensor, from - starts[tensor], to - starts[tensor]));
                }
            }
        }
        return List.copyOf(ranges);
    }
}
