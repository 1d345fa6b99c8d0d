package io.github.sparkfinetune.spark.prepare;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;

/**
 * Finds the place at which a number of rows ends, by radix selection. In each round the executors count the values of
 * the next bits of the places. A round resolves up to eight bits, or fewer if there are many searches. The driver
 * receives one array of at most {@value #MOST_COUNTS} counts per round, but at least two counts per search, for any
 * number of rows and partitions.
 */
public final class SplitSearch {
    /** Most bits of a round. */
    private static final int BITS = 8;
    /**
     * Most tasks of a round. A round has little work for each place, and the driver keeps every task for Spark's UI.
     */
    private static final int MOST_TASKS = 4096;
    /** Most counts of a round: 8 MB. */
    private static final int MOST_COUNTS = 1 << 20;

    private SplitSearch() {}

    /**
     * Places of a partition.
     *
     * @param stratum stratum of the rows
     * @param places unsigned numbers
     * @param rows number of rows at each place; empty if each place has one row
     */
    record Places(String stratum, long[] places, long[] rows) implements Serializable {
        long rows(int index) {
            return rows.length == 0 ? 1 : rows[index];
        }

        /** Returns the places that meet a condition. */
        Places where(Condition condition) {
            long[] selected = new long[places.length];
            long[] counts = new long[places.length];
            int size = 0;
            for (int i = 0; i < places.length; i++) {
                if (condition.holds(places[i], rows(i))) {
                    selected[size] = places[i];
                    counts[size++] = rows(i);
                }
            }
            return new Places(stratum, Arrays.copyOf(selected, size), Arrays.copyOf(counts, size));
        }
    }

    /** Condition on a place and the number of its rows. */
    interface Condition extends Serializable {
        boolean holds(long place, long rows);
    }

    /**
     * Number of rows to find in a stratum.
     *
     * @param stratum stratum of the rows
     * @param rows number of rows, smaller than the stratum's
     */
    record Target(String stratum, long rows) {}

    /**
     * Place at which the rows of a target end.
     *
     * @param place place; all rows with a smaller place belong to the target
     * @param left number of rows at this place that belong to the target
     * @param size number of rows at this place; 0 if {@code left} is 0
     */
    record Cut(long place, long left, long size) implements Serializable {}

    /** Returns a cut for each target. */
    static List<Cut> cuts(JavaRDD<Places> places, List<Target> targets) {
        List<Search> current = targets.stream()
                .map(target -> new Search(target.stratum(), 0, 0, target.rows(), 0))
                .toList();
        JavaRDD<Places> few = places.coalesce(MOST_TASKS);
        while (current.stream().anyMatch(Search::isOpen)) {
            List<Search> searches = current;
            int width = width(searches);
            Map<String, int[]> open = open(searches);
            long[][] counts = few.mapPartitions(parts -> {
                        long[][] found = new long[searches.size()][];
                        parts.forEachRemaining(part ->
                                count(part, searches, open.getOrDefault(part.stratum(), new int[0]), width, found));
                        return Collections.singletonList(found).iterator();
                    })
                    // The last sum is also computed on an executor, so that the driver gets one result instead of one
                    // per partition.
                    .treeAggregate(new long[searches.size()][], SplitSearch::add, SplitSearch::add, 2, true);
            List<Search> next = new ArrayList<>();
            for (int i = 0; i < searches.size(); i++) {
                next.add(searches.get(i).isOpen() ? searches.get(i).narrow(counts[i], width) : searches.get(i));
            }
            current = next;
        }
        return current.stream().map(Search::cut).toList();
    }

    /**
     * Search in progress.
     *
     * @param stratum stratum of the rows
     * @param prefix known upper bits of the place, as a number
     * @param bits number of known bits
     * @param left number of rows with this prefix that belong to the target
     * @param size number of rows with this prefix; 0 if unknown
     */
    private record Search(String stratum, long prefix, int bits, long left, long size) implements Serializable {
        boolean isOpen() {
            return left > 0 && bits < Long.SIZE;
        }

        boolean matches(long place) {
            return bits == 0 || place >>> (Long.SIZE - bits) == prefix;
        }

        /** Returns the value of the next bits of a place. */
        int bucket(long place, int width) {
            return (int) (place >>> (Long.SIZE - bits - width)) & ((1 << width) - 1);
        }

        Search narrow(long[] counts, int width) {
            long rest = left;
            int bucket = 0;
            while (rest >= counts[bucket]) {
                rest -= counts[bucket++];
            }
            return new Search(stratum, prefix << width | bucket, bits + width, rest, counts[bucket]);
        }

        Cut cut() {
            return new Cut(bits == 0 ? 0 : prefix << (Long.SIZE - bits), left, left == 0 ? 0 : size);
        }
    }

    /**
     * Returns the largest number of tasks of all rounds.
     *
     * @param searches number of searches
     * @param partitions number of partitions of the places
     */
    public static long tasks(int searches, int partitions) {
        int rounds = (Long.SIZE - 1) / width(searches) + 1;
        return (long) rounds * Math.min(MOST_TASKS, partitions);
    }

    /** Returns the bits of the next round. All open searches know the same number of bits. */
    private static int width(List<Search> searches) {
        List<Search> open = searches.stream().filter(Search::isOpen).toList();
        return Math.min(width(open.size()), Long.SIZE - open.get(0).bits());
    }

    private static int width(int open) {
        int affordable = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(Math.max(2, MOST_COUNTS / open));
        return Math.min(BITS, affordable);
    }

    /** Returns the indices of the open searches, by stratum. */
    private static Map<String, int[]> open(List<Search> searches) {
        Map<String, int[]> open = new HashMap<>();
        for (int i = 0; i < searches.size(); i++) {
            if (searches.get(i).isOpen()) {
                int[] one = {i};
                open.merge(searches.get(i).stratum(), one, (a, b) -> new int[] {a[0], b[0]});
            }
        }
        return open;
    }

    private static void count(Places part, List<Search> searches, int[] ofStratum, int width, long[][] found) {
        for (int i : ofStratum) {
            Search search = searches.get(i);
            long[] counts = found[i] == null ? new long[1 << width] : found[i];
            found[i] = counts;
            for (int row = 0; row < part.places().length; row++) {
                long place = part.places()[row];
                if (search.matches(place)) {
                    counts[search.bucket(place, width)] += part.rows(row);
                }
            }
        }
    }

    private static long[][] add(long[][] a, long[][] b) {
        for (int i = 0; i < a.length; i++) {
            if (a[i] == null) {
                a[i] = b[i];
            } else if (b[i] != null) {
                for (int bucket = 0; bucket < a[i].length; bucket++) {
                    a[i][bucket] += b[i][bucket];
                }
            }
        }
        return a;
    }
}
