package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.spark.source.SourceScan;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;

/**
 * Which rows are held out: of every stratum exactly round(rows · fraction), those with the smallest split hashes, and
 * at least one row stays to train on. It depends on the content alone, not on how the source is cut into partitions. A
 * stratum is known by its rank, its place among the strata by name, which also orders rows of equal content.
 *
 * <p>The boundary hashes are found by a radix selection: each round asks the executors for a count of each value that
 * the next bits of a boundary may have. A round takes up to eight bits, fewer where there are many boundaries. So the
 * driver sees one array of at most {@value #MOST_COUNTS} counts a round, but for two a boundary at least, whatever the
 * number of rows and partitions.
 */
final class SplitPlan implements Serializable {
    private static final long serialVersionUID = 1L;
    /** Bits of a round, at most. */
    private static final int BITS = 8;
    /** Counts of a round, at most: 8 MB. */
    private static final int MOST_COUNTS = 1 << 20;

    private final List<String> strata;
    private final Map<String, Integer> ranks = new HashMap<>();
    private final List<Boundary> evalEnd;
    private final List<Boundary> testEnd;

    /**
     * The place in a stratum's hash order up to which rows are held out.
     *
     * @param hash rows with a smaller (unsigned) hash lie before it
     * @param equal of the rows with this very hash, which have equal content, so many lie before it
     */
    record Boundary(long hash, long equal) implements Serializable {}

    private SplitPlan(List<String> strata, List<Boundary> evalEnd, List<Boundary> testEnd) {
        this.strata = strata;
        this.evalEnd = evalEnd;
        this.testEnd = testEnd;
        strata.forEach(stratum -> ranks.put(stratum, ranks.size()));
    }

    /** Number of strata. */
    int size() {
        return strata.size();
    }

    /** Rank of a stratum, or -1 where no row that is a sample is of it. */
    int rank(String stratum) {
        return ranks.getOrDefault(stratum, -1);
    }

    /** The stratum of a rank. */
    String stratum(int rank) {
        return strata.get(rank);
    }

    /** Where the evaluation rows of a stratum end. */
    Boundary evalEnd(int rank) {
        return evalEnd.get(rank);
    }

    /** Where the test rows of a stratum, which follow, end. */
    Boundary testEnd(int rank) {
        return testEnd.get(rank);
    }

    static SplitPlan of(TrainingRows training, long seed, double evalFraction, double testFraction) {
        List<Search> searches = new ArrayList<>();
        training.strata().forEach((stratum, rows) -> {
            long eval = Math.min(Math.round(rows * evalFraction), rows - 1);
            long test = Math.min(Math.round(rows * testFraction), rows - 1 - eval);
            searches.add(new Search(stratum, 0, 0, eval));
            searches.add(new Search(stratum, 0, 0, eval + test));
        });
        List<Search> done = search(training.hashes(), searches, seed);
        List<Boundary> evalEnd = new ArrayList<>();
        List<Boundary> testEnd = new ArrayList<>();
        for (int i = 0; i < done.size(); i += 2) {
            evalEnd.add(done.get(i).boundary());
            testEnd.add(done.get(i + 1).boundary());
        }
        return new SplitPlan(new ArrayList<>(training.strata().keySet()), evalEnd, testEnd);
    }

    /**
     * A search in progress.
     *
     * @param prefix the known upper bits, as a number
     * @param bits how many they are
     * @param left how many of the rows with this prefix lie before the boundary
     */
    private record Search(String stratum, long prefix, int bits, long left) implements Serializable {
        boolean open() {
            return left > 0 && bits < Long.SIZE;
        }

        boolean matches(long hash) {
            return bits == 0 || hash >>> (Long.SIZE - bits) == prefix;
        }

        /** The value of the next bits of a hash. */
        int bucket(long hash, int width) {
            return (int) (hash >>> (Long.SIZE - bits - width)) & ((1 << width) - 1);
        }

        Search narrow(long[] counts, int width) {
            long rest = left;
            int bucket = 0;
            while (rest >= counts[bucket]) {
                rest -= counts[bucket++];
            }
            return new Search(stratum, prefix << width | bucket, bits + width, rest);
        }

        Boundary boundary() {
            return new Boundary(bits == 0 ? 0 : prefix << (Long.SIZE - bits), left);
        }
    }

    private static List<Search> search(JavaRDD<SourceScan.StratumHashes> hashes, List<Search> searches, long seed) {
        List<Search> current = searches;
        while (current.stream().anyMatch(Search::open)) {
            List<Search> asked = current;
            int width = width(asked);
            long[][] counts = hashes.mapPartitions(parts -> {
                        long[][] found = new long[asked.size()][];
                        Map<String, int[]> open = open(asked);
                        parts.forEachRemaining(part ->
                                count(part, asked, open.getOrDefault(part.stratum(), new int[0]), seed, width, found));
                        return Collections.singletonList(found).iterator();
                    })
                    // The last sum is an executor's too: the driver gets one result, not one of each of its parts.
                    .treeAggregate(new long[asked.size()][], SplitPlan::add, SplitPlan::add, 2, true);
            List<Search> next = new ArrayList<>();
            for (int i = 0; i < asked.size(); i++) {
                next.add(asked.get(i).open() ? asked.get(i).narrow(counts[i], width) : asked.get(i));
            }
            current = next;
        }
        return current;
    }

    /** Bits of the next round; the searches that go on know the same number of bits. */
    private static int width(List<Search> searches) {
        List<Search> open = searches.stream().filter(Search::open).toList();
        int affordable = Integer.SIZE - 1 - Integer.numberOfLeadingZeros(Math.max(2, MOST_COUNTS / open.size()));
        return Math.min(Math.min(BITS, affordable), Long.SIZE - open.get(0).bits());
    }

    /** Places of the searches that go on, by stratum. */
    private static Map<String, int[]> open(List<Search> searches) {
        Map<String, int[]> open = new HashMap<>();
        for (int i = 0; i < searches.size(); i++) {
            if (searches.get(i).open()) {
                int[] one = {i};
                open.merge(searches.get(i).stratum(), one, (a, b) -> new int[] {a[0], b[0]});
            }
        }
        return open;
    }

    private static void count(
            SourceScan.StratumHashes part,
            List<Search> searches,
            int[] ofStratum,
            long seed,
            int width,
            long[][] found) {
        for (int i : ofStratum) {
            Search search = searches.get(i);
            long[] counts = found[i] == null ? new long[1 << width] : found[i];
            found[i] = counts;
            for (long second : part.second()) {
                long hash = SourceScan.splitHash(seed, second);
                if (search.matches(hash)) {
                    counts[search.bucket(hash, width)]++;
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
