package io.github.sparkfinetune.core.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of predicted masked tokens, as in {@code run_mlm.py} of {@code transformers}. {@code loss} is the mean
 * cross-entropy of the tokens with a label, in nats. {@code perplexity} is its exponential, which does not depend on
 * the batches. {@code accuracy} is the share of these tokens that are the most probable token. All are NaN without
 * labels. Not thread-safe.
 */
public final class MaskedLanguageModelMetrics implements Metrics {
    private static final int LOSS = 0;
    private static final int TOKENS = 1;
    private static final int RIGHT = 2;

    private final double[] counts;

    /** Creates metrics without counts. */
    public MaskedLanguageModelMetrics() {
        this(new double[RIGHT + 1]);
    }

    private MaskedLanguageModelMetrics(double[] counts) {
        if (counts.length != RIGHT + 1) {
            throw new IllegalArgumentException(counts.length + " counts");
        }
        this.counts = counts;
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return List.of(new Metric("loss", false), new Metric("perplexity", false), new Metric("accuracy", true));
    }

    /**
     * Counts tokens with a label.
     *
     * @param lossSum sum of the tokens' cross-entropies, in nats
     * @param tokens number of tokens
     * @param right number of tokens that are the model's most probable token
     */
    public void add(double lossSum, long tokens, long right) {
        counts[LOSS] += lossSum;
        counts[TOKENS] += tokens;
        counts[RIGHT] += right;
    }

    @Override
    public double[] counts() {
        return counts.clone();
    }

    @Override
    public MaskedLanguageModelMetrics of(double[] otherCounts, double[] observations) {
        return new MaskedLanguageModelMetrics(otherCounts.clone());
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        double loss = counts[LOSS] / counts[TOKENS];
        values.put("loss", loss);
        values.put("perplexity", Math.exp(loss));
        values.put("accuracy", counts[RIGHT] / counts[TOKENS]);
        return values;
    }
}
