package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Metric;
import java.util.List;
import java.util.Map;

/** Metrics of a task, during training and afterwards. */
public interface TaskMetrics {
    /** Returns the metrics of the task; an evaluation may lack some of them. */
    List<Metric> metrics();

    /**
     * Returns the metrics of no row, which count rows of the evaluation, or of {@link RankingColumns}.
     *
     * @param labels names of the dataset's labels by id
     */
    MeasuredRows<?> measuredRows(List<String> labels);

    /** Returns the metrics that are also measured during training. */
    default List<Metric> trainingMetrics() {
        return metrics();
    }

    /**
     * Returns the metric with a name, for choosing the best model.
     *
     * @throws RunException if the metric is not measured during training
     */
    default Metric metric(String name) {
        return trainingMetrics().stream()
                .filter(metric -> metric.name().equals(name))
                .findFirst()
                .orElseThrow(() -> RunException.config("training.metric_for_best_model: " + name
                        + " is not measured during training, set it to one of "
                        + trainingMetrics().stream().map(Metric::name).toList()));
    }

    /**
     * Returns the metric by which the best model is usually chosen.
     *
     * @param rowsPerLabel number of training rows per label, by name; empty for a task without labels
     */
    default String usualMetric(Map<String, Long> rowsPerLabel) {
        return "loss";
    }

    /** Returns the unit over which the loss is a mean: sample, token, word or pair. */
    String lossUnit();

    /** Returns whether the base model is also evaluated. */
    default boolean measuresBase() {
        return false;
    }
}
