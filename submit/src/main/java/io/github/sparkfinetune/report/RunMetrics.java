package io.github.sparkfinetune.report;

/**
 * Content of {@code metrics.json}, the results of a run so far.
 *
 * @param training results of {@code train}
 * @param evaluation results of {@code evaluate}
 */
record RunMetrics(TrainingMetrics training, EvaluationMetrics evaluation) {}
