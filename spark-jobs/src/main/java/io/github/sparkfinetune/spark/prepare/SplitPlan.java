package io.github.sparkfinetune.spark.prepare;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.spark.api.java.JavaRDD;

/**
 * Which rows are held out: of every label exactly round(rows · fraction), those with the smallest split hashes, and at
 * least one row stays to train on. It depends on the content alone, not on how the source is cut into partitions.
 *
 * <p>The boundary hashes are found by a radix selection, eight bits a round: each round asks the executors for 256
 * counts a boundary, so that no row's hash comes to the driver.
 */
final class SplitPlan implements Serializable {
    private static final long serialVersionUID = 1L;
    private static final int BITS = 8;
    private static final int BUCKETS = 1 << BITS;

    private final Map<String, Boundary> evalEnd;
    private final Map<String, Boundary> testEnd;

    /**
     * The place in a label's hash order up to which rows are held out.
     *
     * @param hash rows with a smaller (unsigned) hash lie before it
     * @param equal of the rows with this very hash, which have equal content, so many lie before it
     */
    record Boundary(long hash, long equal) implements Serializable {
        static final Boundary START = new Boundary(0, 0);
    }

    private SplitPlan(Map<String, Boundary> evalEnd, Map<String, Boundary> testEnd) {
        this.evalEnd = evalEnd;
        this.testEnd = testEnd;
    }

    /** Where a label's evaluation rows end. */
    Boundary evalEnd(String label) {
        return evalEnd.getOrDefault(label, Boundary.START);
    }

    /** Where a label's test rows, which follow, end. */
    Boundary testEnd(String label) {
        return testEnd.getOrDefault(label, Boundary.START);
    }

    static SplitPlan of(SourceScan scan, long seed, double evalFraction, double testFraction) {
        List<Search> searches = new ArrayList<>();
        scan.counts().labels.forEach((label, rows) -> {
            long eval = Math.min(Math.round(rows * evalFraction), rows - 1);
            long test = Math.min(Math.round(rows * testFraction), rows - 1 - eval);
            searches.add(new Search(label, 0, 0, eval));
            searches.add(new Search(label, 0, 0, eval + test));
        });
        List<Search> done = search(scan.hashes(), searches, seed);
        Map<String, Boundary> evalEnd = new TreeMap<>();
        Map<String, Boundary> testEnd = new TreeMap<>();
        for (int i = 0; i < done.size(); i += 2) {
            evalEnd.put(done.get(i).label(), done.get(i).boundary());
            testEnd.put(done.get(i).label(), done.get(i + 1).boundary());
        }
        return new SplitPlan(evalEnd, testEnd);
    }

    /**
     * A search in progress.
     *
     * @param prefix the known upper bits, as a number
     * @param bits how many they are
     * @param left how many of the rows with this prefix lie before the boundary
     */
    private record Search(String label, long prefix, int bits, long left) implements Serializable {
        boolean open() {
            return left > 0 && bits < Long.SIZE;
        }

        boolean matches(long hash) {
            return bits == 0 || hash >>> (Long.SIZE - bits) == prefix;
        }

        int bucket(long hash) {
            return (int) (hash >>> (Long.SIZE - bits - BITS)) & (BUCKETS - 1);
        }

        Search narrow(long[] counts) {
            long rest = left;
            int bucket = 0;
            while (rest >= counts[bucket]) {
                rest -= counts[bucket++];
            }
            return new Search(label, prefix << BITS | bucket, bits + BITS, rest);
        }

        Boundary boundary() {
            return new Boundary(bits == 0 ? 0 : prefix << (Long.SIZE - bits), left);
        }
    }

    private static List<Search> search(JavaRDD<SourceScan.LabelHashes> hashes, List<Search> searches, long seed) {
        List<Search> current = searches;
        while (current.stream().anyMatch(Search::open)) {
            List<Search> asked = current;
            long[][] counts = hashes.mapPartitions(parts -> {
                        long[][] found = new long[asked.size()][];
                        parts.forEachRemaining(part -> count(part, asked, seed, found));
                        return Collections.singletonList(found).iterator();
                    })
                    .treeReduce(SplitPlan::add, 2);
            List<Search> next = new ArrayList<>();
            for (int i = 0; i < asked.size(); i++) {
                next.add(asked.get(i).open() ? asked.get(i).narrow(counts[i]) : asked.get(i));
            }
            current = next;
        }
        return current;
    }

    private static void count(SourceScan.LabelHashes part, List<Search> searches, long seed, long[][] found) {
        for (int i = 0; i < found.length; i++) {
            Search search = searches.get(i);
            if (!search.open() || !search.label().equals(part.label())) {
                continue;
            }
            long[] counts = found[i] == null ? new long[BUCKETS] : found[i];
            found[i] = counts;
            for (long second : part.second()) {
                long hash = SourceScan.splitHash(seed, second);
                if (search.matches(hash)) {
                    counts[search.bucket(hash)]++;
                }
            }
        }
    }

    private static long[][] add(long[][] a, long[][] b) {
        for (int i = 0; i < a.length; i++) {
            if (a[i] == null) {
                a[i] = b[i];
            } else if (b[i] != null) {
                for (int bucket = 0; bucket < BUCKETS; bucket++) {
                    a[i][bucket] += b[i][bucket];
                }
            }
        }
        return a;
    }
}
