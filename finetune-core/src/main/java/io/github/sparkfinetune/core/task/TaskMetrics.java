package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.metric.Metrics;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** How a task is measured, while it is trained and afterwards. */
public interface TaskMetrics {
    /** What is measured; an evaluation may leave some of it out. */
    List<Metric> metrics();

    /**
     * Counts rows.
     *
     * @param rows of {@link TaskRows#metricColumns} alone
     * @param labels names of the dataset's labels by id
     */
    Metrics metrics(Iterator<Object[]> rows, List<String> labels);

    /** What is measured while training too. */
    default List<Metric> trainingMetrics() {
        return metrics();
    }

    /**
     * The metric of a name, to find the best model by.
     *
     * @throws RunException if it is not measured while training
     */
    default Metric metric(String name) {
        return trainingMetrics().stream()
                .filter(metric -> metric.name().equals(name))
                .findFirst()
                .orElseThrow(() -> RunException.config("training.metric_for_best_model: " + name
                        + " is not measured while training, there are "
                        + trainingMetrics().stream().map(Metric::name).toList()));
    }

    /**
     * The metric by which the best model is usually chosen.
     *
     * @param rowsPerLabel of the training rows, by the labels' names; empty for a task without
     */
    default String usualMetric(Map<String, Long> rowsPerLabel) {
        return "loss";
    }

    /** What the loss is a mean over: sample, token, word or pair. */
    String lossUnit();

    /** Whether the base model is measured beside the trained one. */
    default boolean measuresBase() {
        return false;
    }
}
