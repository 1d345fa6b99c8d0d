package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Metrics of a predicted number p for a true number y. {@code loss} and {@code mse} are the mean of (p - y)², PyTorch's
 * {@code MSELoss}; {@code rmse} is its root. {@code mae} is the mean of |p - y|. {@code r2} is scikit-learn's
 * {@code r2_score}, 1 - Σ (p - y)² / Σ (y - ȳ)²; for constant y it is 1 if all p equal y, else 0. It needs two samples.
 * {@code pearson} and {@code spearmanr} are SciPy's; equal values share the mean of their ranks. Both are missing if
 * the true or the predicted numbers are constant.
 *
 * <p>Without samples, the metrics throw {@link IllegalStateException}. Observations are both numbers: 16 bytes per
 * sample. Not thread-safe.
 */
public final class RegressionMetrics implements Metrics {
    private final Observations pairs;

    /** Creates metrics without samples. */
    public RegressionMetrics() {
        this(new Observations());
    }

    private RegressionMetrics(Observations pairs) {
        if (pairs.size() % 2 != 0) {
            throw new IllegalArgumentException(pairs.size() + " observations");
        }
        this.pairs = pairs;
    }

    /** Returns the metrics by which models are compared. */
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
     * @param truth true number
     * @param predicted predicted number
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
