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
 * Finds the place in which a number of rows ends, by a radix selection: each round asks the executors for a count of
 * each value that the next bits of a place may have. A round takes up to eight bits, fewer where there are many
 * searches. So the driver sees one array of at most {@value #MOST_COUNTS} counts a round, but for two a search at
 * least, whatever the number of rows and partitions.
 */
final class SplitSearch {
    /** Bits of a round, at most. */
    private static final int BITS = 8;
    /** Counts of a round, at most: 8 MB. */
    private static final int MOST_COUNTS = 1 << 20;

    private SplitSearch() {}

    /**
     * Places of a partition.
     *
     * @param stratum that they are of
     * @param places unsigned numbers
     * @param rows how many rows are at each place; empty where it is one each
     */
    record Places(String stratum, long[] places, long[] rows) implements Serializable {
        long rows(int index) {
            return rows.length == 0 ? 1 : rows[index];
        }

        /** Returns the places that fulfil a condition. */
        Places where(Condition condition) {
            long[] some = new long[places.length];
            long[] counts = new long[places.length];
            int size = 0;
            for (int i = 0; i < places.length; i++) {
                if (condition.holds(places[i], rows(i))) {
                    some[size] = places[i];
                    counts[size++] = rows(i);
                }
            }
            return new Places(stratum, Arrays.copyOf(some, size), Arrays.copyOf(counts, size));
        }
    }

    /** Condition on a place and the number of its rows. */
    interface Condition extends Serializable {
        boolean holds(long place, long rows);
    }

    /**
     * Number of rows to find in a stratum.
     *
     * @param rows fewer than the stratum has
     */
    record Target(String stratum, long rows) {}

    /**
     * Place in which the rows of a target end.
     *
     * @param place all rows with a smaller place belong to the target
     * @param left number of rows at this place that belong to the target
     * @param size number of rows at this place; 0 where {@code left} is 0
     */
    record Cut(long place, long left, long size) implements Serializable {}

    /** Finds a cut for each target. */
    static List<Cut> cuts(JavaRDD<Places> places, List<Target> targets) {
        List<Search> current = targets.stream()
                .map(target -> new Search(target.stratum(), 0, 0, target.rows(), 0))
                .toList();
        while (current.stream().anyMatch(Search::isOpen)) {
            List<Search> asked = current;
            int width = width(asked);
            Map<String, int[]> open = open(asked);
            long[][] counts = places.mapPartitions(parts -> {
                        long[][] found = new long[asked.size()][];
                        parts.forEachRemaining(part ->
                                count(part, asked, open.getOrDefault(part.stratum(), new int[0]), width, found));
                        return Collections.singletonList(found).iterator();
                    })
                    // The last sum is an executor's too: the driver gets one result, not one of each of its parts.
                    .treeAggregate(new long[asked.size()][], SplitSearch::add, SplitSearch::add, 2, true);
            List<Search> next = new ArrayList<>();
            for (int i = 0; i < asked.size(); i++) {
                next.add(asked.get(i).isOpen() ? asked.get(i).narrow(counts[i], width) : asked.get(i));
            }
            current = next;
        }
        return current.stream().map(Search::cut).toList();
    }

    /**
     * A search in progress.
     *
     * @param prefix the known upper bits, as a number
     * @param bits how many they are
     * @param left how many of the rows with this prefix are looked for
     * @param size how many rows have this prefix; 0 where that is not known
     */
    private record Search(String stratum, long prefix, int bits, long left, long size) implements Serializable {
        boolean isOpen() {
            return left > 0 && bits < Long.SIZE;
        }

        boolean matches(long place) {
            return bits == 0 || place >>> (Long.SIZE - bits) == prefix;
        }

        /** The value of the next bits of a place. */
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

    /** Bits of the next round; the searches that go on know the same number of bits. */
    private static int width(List<Search> searches) {
        List<Search> open = searches.stream().filter(Search::isOpen).toList();
        int affordable = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(Math.max(2, MOST_COUNTS / open.size()));
        return Math.min(Math.min(BITS, affordable), Long.SIZE - open.get(0).bits());
    }

    /** Places of the searches that go on, by stratum. */
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
