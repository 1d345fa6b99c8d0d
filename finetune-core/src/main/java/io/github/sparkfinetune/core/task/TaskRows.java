package io.github.sparkfinetune.core.task;

import java.util.List;
import java.util.Optional;

/**
 * The rows that a task writes of held-out samples and of inputs to predict: arrays of values in the order of their
 * columns, null where there is none.
 */
public interface TaskRows {
    /** Columns of what is predicted of held-out samples. */
    List<Column> evaluationColumns();

    /** Names of the evaluation's columns by which rows are told apart and ordered. */
    default List<String> keyColumns() {
        return List.of("index");
    }

    /** Names of the evaluation's columns that the metrics are computed from. */
    List<String> metricColumns();

    /**
     * Names of the evaluation's columns with a prompt, the answer that the data has and the one that was generated;
     * empty for a task that generates none.
     */
    default List<String> answerColumns() {
        return List.of();
    }

    /** What the report shows of an evaluation; empty for a task of whose rows none is right or wrong. */
    default Optional<ExampleColumns> exampleColumns() {
        return Optional.empty();
    }

    /** Columns of what is predicted of raw rows. */
    List<Column> predictionColumns();
}
