package io.github.sparkfinetune.core.metric;

import io.github.sparkfinetune.data.dataset.Seeds;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Metrics of documents that a score ranks for their query. {@code loss} is the mean of the losses.
 * {@code average_precision} is scikit-learn's over all pairs of a query and a document. Means over the queries whose
 * documents differ in relevance are: {@code ndcg_at_10}, the discounted gain Σ relevance / log2(rank + 1) of the first
 * 10 documents, divided by the largest possible; and {@code mrr_at_10}, 1 / rank of the first relevant document, 0
 * after the first 10. A document is relevant from a relevance of {@value #RELEVANT} on. Documents with equal scores
 * have the least relevant one first. A metric is missing if it is not defined for the pairs.
 *
 * <p>A pair takes 24 bytes of observations: its query, its score, its relevance.
 */
public final class RerankingMetrics implements Metrics {
    private static final double RELEVANT = 0.5;
    private static final int TOP = 10;
    private static final int COLUMNS = 3;
    /** Bits of a query's id that a double has not. */
    private static final int EXCESS_BITS = Long.SIZE - 53;

    /** Number and sum of the losses. */
    private final double[] losses;

    private final Observations pairs;

    /** Creates metrics without pairs. */
    public RerankingMetrics() {
        this(new double[2], new double[0]);
    }

    private RerankingMetrics(double[] losses, double[] observations) {
        this.losses = losses;
        this.pairs = new Observations(observations);
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return List.of(
                new Metric("loss", false),
                new Metric("ndcg_at_10", true),
                new Metric("mrr_at_10", true),
                new Metric("average_precision", true));
    }

    /** Adds a loss. */
    public void add(double loss) {
        losses[0]++;
        losses[1] += loss;
    }

    /**
     * Adds a pair.
     *
     * @param query text of the query; equal texts are one query
     * @param score score of the document, from 0 to 1
     * @param relevance relevance of the document, from 0 to 1
     */
    public void add(String query, double score, double relevance) {
        long id = query.length();
        for (int i = 0; i < query.length(); i++) {
            id = Seeds.fold(id, query.charAt(i));
        }
        pairs.add((double) (id >>> EXCESS_BITS), score, relevance);
    }

    @Override
    public double[] counts() {
        return losses.clone();
    }

    @Override
    public double[] observations() {
        return pairs.toArray();
    }

    @Override
    public RerankingMetrics of(double[] counts, double[] observations) {
        return new RerankingMetrics(counts.clone(), observations);
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        if (losses[0] == 0) {
            return values;
        }
        values.put("loss", losses[1] / losses[0]);
        double[] queries = pairs.column(0, COLUMNS);
        double[] scores = pairs.column(1, COLUMNS);
        double[] relevance = pairs.column(2, COLUMNS);
        addRanking(values, queries, scores, relevance);
        BinaryScores relevant = new BinaryScores(BinaryScores.MOST_CELLS);
        boolean hasRelevant = false;
        for (int i = 0; i < scores.length; i++) {
            relevant.add(relevance[i] >= RELEVANT, scores[i]);
            hasRelevant |= relevance[i] >= RELEVANT;
        }
        if (hasRelevant) {
            values.put("average_precision", relevant.averagePrecision());
        }
        return values;
    }

    private static void addRanking(Map<String, Double> values, double[] queries, double[] scores, double[] relevance) {
        int[] order = IntStream.range(0, queries.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(i -> queries[i])
                        .thenComparingDouble(i -> -scores[i])
                        .thenComparingDouble(i -> relevance[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        double ndcg = 0;
        double mrr = 0;
        int counted = 0;
        int to;
        for (int from = 0; from < order.length; from = to) {
            to = from + 1;
            while (to < order.length && queries[order[to]] == queries[order[from]]) {
                to++;
            }
            double[] ranked = IntStream.range(from, to)
                    .mapToDouble(i -> relevance[order[i]])
                    .toArray();
            double[] ideal = IntStream.range(from, to)
                    .mapToDouble(i -> -relevance[order[i]])
                    .sorted()
                    .map(negated -> -negated)
                    .toArray();
            if (ideal[0] > ideal[ideal.length - 1]) {
                ndcg += gain(ranked) / gain(ideal);
                mrr += reciprocalRank(ranked);
                counted++;
            }
        }
        if (counted > 0) {
            values.put("ndcg_at_10", ndcg / counted);
            values.put("mrr_at_10", mrr / counted);
        }
    }

    private static double gain(double... ranked) {
        double gain = 0;
        for (int i = 0; i < Math.min(TOP, ranked.length); i++) {
            gain += ranked[i] * RetrievalMetrics.discount(i + 1.0);
        }
        return gain;
    }

    private static double reciprocalRank(double... ranked) {
        for (int i = 0; i < Math.min(TOP, ranked.length); i++) {
            if (ranked[i] >= RELEVANT) {
                return 1 / (i + 1.0);
            }
        }
        return 0;
    }
}
