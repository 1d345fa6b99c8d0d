package io.github.sparkfinetune.core.rank;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * Queries with the documents that belong to them, whose places among all documents are counted exactly: a document's
 * rank is 1 plus the number of documents before it. Documents with equal similarities to a query come before those that
 * belong to it. The documents of a corpus can be counted in parts, and the counts of the parts added.
 */
public final class Queries implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Number of documents whose similarities are in memory at once. */
    private static final int BLOCK = 1024;

    private final List<Query> all;
    private final double scale;

    /**
     * A query.
     *
     * @param vector its unit vector
     * @param relevant ids of the documents that belong to it, in the order of their similarities
     * @param similarities cosine of each of these documents, in descending order
     */
    private record Query(float[] vector, long[] relevant, float[] similarities) implements Serializable {
        boolean hasRelevant(long id) {
            return Arrays.stream(relevant).anyMatch(other -> other == id);
        }
    }

    /** @param scale factor of cosines in the loss */
    public Queries(double scale) {
        this.all = new ArrayList<>();
        this.scale = scale;
    }

    /**
     * Adds a query.
     *
     * @param vector its unit vector
     * @param relevant documents that belong to it, at least one; only the first document with an id counts
     */
    public void add(float[] vector, UnitVectors relevant) {
        List<Integer> distinct = new ArrayList<>();
        for (int i = 0; i < relevant.size(); i++) {
            long id = relevant.ids()[i];
            if (distinct.stream().noneMatch(other -> relevant.ids()[other] == id)) {
                distinct.add(i);
            }
        }
        float[] similarities = new float[relevant.size()];
        distinct.forEach(i -> similarities[i] = UnitVectors.product(vector, relevant.vector(i)));
        distinct.sort(Comparator.comparingDouble(i -> -similarities[i]));
        long[] ids = new long[distinct.size()];
        float[] sorted = new float[ids.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = relevant.ids()[distinct.get(i)];
            sorted[i] = similarities[distinct.get(i)];
        }
        all.add(new Query(vector, ids, sorted));
    }

    /** Returns the number of queries. */
    public int size() {
        return all.size();
    }

    /**
     * Returns counts over some documents: for each query the number of other documents that are at least as similar as
     * each of its own, and the sum of exp(scale (cosine - 1)) over the other documents.
     */
    public double[][] counts(UnitVectors documents) {
        double[][] counts = new double[all.size()][];
        Arrays.setAll(counts, q -> new double[all.get(q).relevant().length + 1]);
        float[] products = new float[BLOCK];
        for (int from = 0; from < documents.size(); from += BLOCK) {
            int to = Math.min(documents.size(), from + BLOCK);
            UnitVectors.Block block = UnitVectors.Block.of(documents, from, to);
            for (int q = 0; q < counts.length; q++) {
                block.products(all.get(q).vector(), products);
                count(all.get(q), documents.ids(), from, to, products, counts[q]);
            }
        }
        return counts;
    }

    private void count(Query query, long[] ids, int from, int to, float[] products, double[] counts) {
        int own = query.similarities().length;
        float least = query.similarities()[own - 1];
        double sum = 0;
        for (int i = from; i < to; i++) {
            float cosine = products[i - from];
            boolean isBefore = cosine >= least;
            if (isBefore && query.hasRelevant(ids[i])) {
                continue;
            }
            sum += Math.exp(scale * (cosine - 1));
            for (int r = own - 1; isBefore && r >= 0 && cosine >= query.similarities()[r]; r--) {
                counts[r]++;
            }
        }
        counts[own] += sum;
    }

    /** Returns the sums of the counts of parts. */
    public static double[][] sum(double[][] a, double[][] b) {
        double[][] sums = new double[a.length][];
        for (int q = 0; q < sums.length; q++) {
            double[] left = a[q];
            double[] right = b[q];
            sums[q] = new double[left.length];
            Arrays.setAll(sums[q], i -> left[i] + right[i]);
        }
        return sums;
    }

    /**
     * Returns the places of each query's documents.
     *
     * @param counts result of {@link #counts} over all documents
     */
    public List<RankedQuery> ranked(double[][] counts) {
        List<RankedQuery> ranked = new ArrayList<>();
        for (int q = 0; q < counts.length; q++) {
            float[] similarities = all.get(q).similarities();
            double others = counts[q][similarities.length];
            double[] ranks = new double[similarities.length];
            double loss = 0;
            for (int r = 0; r < ranks.length; r++) {
                ranks[r] = 1 + r + counts[q][r];
                double z = scale * (similarities[r] - 1.0);
                loss += Math.log(Math.exp(z) + others) - z;
            }
            ranked.add(new RankedQuery(ranks, loss / ranks.length));
        }
        return ranked;
    }
}
