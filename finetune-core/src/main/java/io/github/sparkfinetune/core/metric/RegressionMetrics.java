package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Metrics of a predicted number p for a true number y: {@code loss} and {@code mse} (mean of (p - y)², PyTorch's
 * {@code MSELoss}), its root {@code rmse}, {@code mae} (mean of |p - y|), {@code r2} as scikit-learn's {@code r2_score}
 * (1 - Σ (p - y)² / Σ (y - ȳ)²; for constant y 1 where all p are y, else 0), {@code pearson} and {@code spearmanr} as
 * SciPy's, where equal values share the mean of their ranks. {@code r2} needs two samples; a correlation with what is
 * constant is not defined, so there is none.
 *
 * <p>Of no sample there are no metrics ({@link IllegalStateException}). Observations are both numbers: 16 bytes a
 * sample. Not thread-safe.
 */
public final class RegressionMetrics implements Metrics {
    private final Observations pairs;

    /** No samples yet. */
    public RegressionMetrics() {
        this(new Observations());
    }

    private RegressionMetrics(Observations pairs) {
        if (pairs.size() % 2 != 0) {
            throw new IllegalArgumentException(pairs.size() + " observations");
        }
        this.pairs = pairs;
    }

    /** What models are compared by. */
    public static List<Metric> all() {
        return List.of(
                new Metric("loss", false),
                new Metric("mse", false),
                new Metric("rmse", false),
                new Metric("mae", false),
                new Metric("r2", true),
                new Metric("pearson", true),
                new Metric("spearmanr", true));
    }

    /**
     * Adds a sample.
     *
     * @param truth its number
     * @param predicted the model's
     */
    public void add(double truth, double predicted) {
        pairs.add(truth, predicted);
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
    public RegressionMetrics of(double[] counts, double[] observations) {
        return new RegressionMetrics(new Observations(observations));
    }

    @Override
    public Map<String, Double> values() {
        double[] truths = pairs.column(0, 2);
        double[] predicted = pairs.column(1, 2);
        int n = truths.length;
        if (n == 0) {
            throw new IllegalStateException("no sample was counted");
        }
        double squares = IntStream.range(0, n)
                .mapToDouble(i -> (predicted[i] - truths[i]) * (predicted[i] - truths[i]))
                .sum();
        double distances = IntStream.range(0, n)
                .mapToDouble(i -> Math.abs(predicted[i] - truths[i]))
                .sum();
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", squares / n);
        values.put("mse", squares / n);
        values.put("rmse", Math.sqrt(squares / n));
        values.put("mae", distances / n);
        if (n > 1) {
            values.put("r2", r2(truths, squares));
        }
        double pearson = Correlation.pearson(truths, predicted);
        if (!Double.isNaN(pearson)) {
            values.put("pearson", pearson);
            values.put("spearmanr", Correlation.spearman(truths, predicted));
        }
        return values;
    }

    private static double r2(double[] truths, double squares) {
        if (Correlation.isConstant(truths)) {
            return squares == 0 ? 1 : 0;
        }
        double mean = Arrays.stream(truths).average().orElseThrow();
        double spread = Arrays.stream(truths).map(y -> (y - mean) * (y - mean)).sum();
        return 1 - squares / spread;
    }
}
