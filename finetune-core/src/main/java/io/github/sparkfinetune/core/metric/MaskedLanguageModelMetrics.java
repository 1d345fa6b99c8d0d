package io.github.sparkfinetune.core.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of tokens that a model fills in, as {@code run_mlm.py} of {@code transformers}: {@code loss} (mean
 * cross-entropy of the tokens with a label, in nats), {@code perplexity} (its exponential, however the tokens are cut
 * into batches) and {@code accuracy} (share of these tokens that are the most probable); all NaN where no token has a
 * label. Not thread-safe.
 */
public final class MaskedLanguageModelMetrics implements Metrics {
    private static final int LOSS = 0;
    private static final int TOKENS = 1;
    private static final int RIGHT = 2;

    private final double[] counts;

    /** No counts yet. */
    public MaskedLanguageModelMetrics() {
        this(new double[RIGHT + 1]);
    }

    private MaskedLanguageModelMetrics(double[] counts) {
        if (counts.length != RIGHT + 1) {
            throw new IllegalArgumentException(counts.length + " counts");
        }
        this.counts = counts;
    }

    /** What models are compared by. */
    public static List<Metric> all() {
        return List.of(new Metric("loss", false), new Metric("perplexity", false), new Metric("accuracy", true));
    }

    /**
     * Counts tokens with a label.
     *
     * @param lossSum sum of their cross-entropies, in nats
     * @param tokens how many they are
     * @param right how many of them are the model's most probable token
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
