package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.List;

/**
 * Metrics of queries whose documents are ranked, named as in MTEB. Means over the queries are: the loss;
 * {@code ndcg_at_10}, the discounted gain Σ 1 / log2(rank + 1) of the query's documents among the first 10, divided by
 * the largest possible; {@code mrr_at_10}, 1 / rank of its first document, 0 after the first 10; and
 * {@code recall_at_k}, the share of its documents among the first k.
 */
public final class RetrievalMetrics extends MeanMetrics {
    private static final int TOP = 10;
    private static final List<Integer> RECALLS = List.of(1, 10, 100);
    private static final List<String> MEANS =
            List.of("loss", "ndcg_at_10", "mrr_at_10", "recall_at_1", "recall_at_10", "recall_at_100");

    /** Creates metrics without counts. */
    public RetrievalMetrics() {
        this(new double[1 + MEANS.size()]);
    }

    private RetrievalMetrics(double[] counts) {
        super(MEANS, counts);
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return MEANS.stream()
                .map(name -> new Metric(name, !name.equals("loss")))
                .toList();
    }

    /**
     * Counts a query.
     *
     * @param ranks ranks of its documents, from 1, in ascending order
     */
    public void add(double loss, double... ranks) {
        double gain = 0;
        double ideal = 0;
        for (int i = 0; i < ranks.length; i++) {
            gain += ranks[i] <= TOP ? discount(ranks[i]) : 0;
            ideal += i < TOP ? discount(i + 1.0) : 0;
        }
        double[] values = new double[MEANS.size()];
        values[0] = loss;
        values[1] = gain / ideal;
        values[2] = ranks[0] <= TOP ? 1 / ranks[0] : 0;
        for (int i = 0; i < RECALLS.size(); i++) {
            int k = RECALLS.get(i);
            values[3 + i] = Arrays.stream(ranks).filter(rank -> rank <= k).count() / (double) ranks.length;
        }
        count(values);
    }

    /** Returns 1 / log2(rank + 1), the share of a gain that counts at a rank. */
    public static double discount(double rank) {
        return Math.log(2) / Math.log(rank + 1);
    }

    @Override
    public RetrievalMetrics of(double[] otherCounts, double[] observations) {
        return new RetrievalMetrics(otherCounts.clone());
    }
}
