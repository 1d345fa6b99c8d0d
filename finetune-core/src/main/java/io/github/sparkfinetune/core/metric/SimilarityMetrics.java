package io.github.sparkfinetune.core.metric;

import io.github.sparkfinetune.core.rank.Cosent;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of pairs of texts with a score: the loss {@link Cosent} over all pairs, and Spearman's and Pearson's
 * correlation of cosines and scores. A pair takes 16 bytes of observations.
 */
public final class SimilarityMetrics implements Metrics {
    private static final int COLUMNS = 2;

    private final double scale;
    private final Observations pairs;

    /** @param scale factor of cosines in the loss */
    public SimilarityMetrics(double scale) {
        this(scale, new double[0]);
    }

    private SimilarityMetrics(double scale, double[] observations) {
        this.scale = scale;
        this.pairs = new Observations(observations);
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return List.of(new Metric("loss", false), new Metric("spearman", true), new Metric("pearson", true));
    }

    /** Adds a pair. */
    public void add(double cosine, double score) {
        pairs.add(cosine, score);
    }

    @Override
    public double[] counts() {
        return new double[0];
    }

    @Override
    public double[] observations() {
        return pairs.toArray();
    }

    @Override
    public SimilarityMetrics of(double[] counts, double[] observations) {
        return new SimilarityMetrics(scale, observations);
    }

    @Override
    public Map<String, Double> values() {
        double[] cosines = pairs.column(0, COLUMNS);
        double[] scores = pairs.column(1, COLUMNS);
        Map<String, Double> values = new LinkedHashMap<>();
        if (cosines.length == 0) {
            return values;
        }
        double[] scaled = new double[cosines.length];
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] = scale * cosines[i];
        }
        values.put("loss", Cosent.of(scaled, scores).loss());
        values.put("spearman", Correlation.spearman(cosines, scores));
        values.put("pearson", Correlation.pearson(cosines, scores));
        return values;
    }
}
