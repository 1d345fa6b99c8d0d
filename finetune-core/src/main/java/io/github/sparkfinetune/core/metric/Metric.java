package io.github.sparkfinetune.core.metric;

/**
 * A figure that says how well a model does.
 *
 * @param name its key in {@code metrics.json}, and in {@code training.metric_for_best_model}
 * @param greaterIsBetter which of two values is of the better model
 */
public record Metric(String name, boolean greaterIsBetter) {
    /** Whether one value is of a better model than another. */
    public boolean improves(double value, double best) {
        return greaterIsBetter ? value > best : value < best;
    }
}
