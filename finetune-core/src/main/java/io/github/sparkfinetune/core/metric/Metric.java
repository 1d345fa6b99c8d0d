package io.github.sparkfinetune.core.metric;

import java.util.Locale;

/**
 * A figure that says how well a model does.
 *
 * @param name its key in {@code metrics.json}, and in {@code training.metric_for_best_model}
 * @param greaterIsBetter which of two values is of the better model
 */
public record Metric(String name, boolean greaterIsBetter) {
    /** Whether one value is of a better model than another; any number is better than NaN. */
    public boolean improves(double value, double best) {
        return Double.isNaN(best) ? !Double.isNaN(value) : greaterIsBetter ? value > best : value < best;
    }

    /**
     * A figure as it is shown, with four digits, or none where it is a number of something.
     *
     * @param name its key in {@code metrics.json}
     */
    public static String shown(String name, double value) {
        return String.format(Locale.ROOT, name.equals(MultiLabelMetrics.ROC_AUC_LABELS) ? "%.0f" : "%.4f", value);
    }
}
