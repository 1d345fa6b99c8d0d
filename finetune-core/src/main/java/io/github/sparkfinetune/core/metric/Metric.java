package io.github.sparkfinetune.core.metric;

import java.util.Locale;

/**
 * A measure of a model's quality.
 *
 * @param name key in {@code metrics.json} and in {@code training.metric_for_best_model}
 * @param greaterIsBetter whether the greater of two values is better
 */
public record Metric(String name, boolean greaterIsBetter) {
    /** Returns whether a value is better than another value; any number is better than NaN. */
    public boolean improves(double value, double best) {
        return Double.isNaN(best) ? !Double.isNaN(value) : greaterIsBetter ? value > best : value < best;
    }

    /**
     * Returns a value as shown to users: with four digits, or without decimals for a count.
     *
     * @param name key in {@code metrics.json}
     */
    public static String shown(String name, double value) {
        return String.format(Locale.ROOT, name.equals(MultiLabelMetrics.ROC_AUC_LABELS) ? "%.0f" : "%.4f", value);
    }
}
