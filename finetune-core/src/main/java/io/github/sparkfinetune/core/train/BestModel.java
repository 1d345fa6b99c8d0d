package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import java.util.Map;

/** The best evaluation so far, and the number of evaluations since. */
final class BestModel {
    private final Metric metric;
    private final int patience;
    private long step = -1;
    private double value;
    private Map<String, Double> eval = Map.of();
    private int since;

    /**
     * @param metric metric that compares evaluations
     * @param patience number of evaluations without improvement after which training ends; 0 for never
     */
    BestModel(Metric metric, int patience) {
        this.metric = metric;
        this.patience = patience;
    }

    /** Returns the start of a run, by its settings. */
    static BestModel of(RunConfig run) {
        TrainingConfig settings = run.training();
        return new BestModel(TaskSpecs.of(run).metric(settings.metricForBestModel()), settings.earlyStoppingPatience());
    }

    /** Restores the state of a checkpoint. */
    void resume(TrainState state) {
        step = state.bestStep();
        value = state.bestMetric();
        eval = state.bestEval();
        since = state.evaluationsSinceBest();
    }

    /**
     * Adds an evaluation and returns whether it is the best. An evaluation whose metric is undefined or NaN is never
     * the best.
     *
     * @throws RunException if the metric is not defined for the first evaluation
     */
    boolean improvedBy(long newStep, Map<String, Double> metrics) {
        Double measured = metrics.get(metric.name());
        if (measured == null && step < 0 && since == 0) {
            throw RunException.config("training.metric_for_best_model: " + metric.name()
                    + " is not defined for the evaluation rows, set it to one of " + metrics.keySet());
        }
        boolean better = measured != null && metric.improves(measured, step < 0 ? Double.NaN : value);
        if (better) {
            step = newStep;
            value = measured;
            eval = Map.copyOf(metrics);
            since = 0;
        } else {
            since++;
        }
        return better;
    }

    /** Returns whether training should end early. */
    boolean isOver() {
        return patience > 0 && since >= patience;
    }

    /** Returns the metric of the best evaluation that compares evaluations, or 0. */
    double value() {
        return value;
    }

    /** Returns the number of evaluations without improvement since the best one. */
    int evaluationsSince() {
        return since;
    }

    /** Returns the step of the best evaluation, or -1. */
    long step() {
        return step;
    }

    Map<String, Double> eval() {
        return eval;
    }
}
