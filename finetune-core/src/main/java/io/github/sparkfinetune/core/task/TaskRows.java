package io.github.sparkfinetune.core.task;

import java.util.List;
import java.util.Optional;

/** Rows that a task writes for held-out samples and for inputs to predict. Missing values are null. */
public interface TaskRows {
    /** Returns the type of rows of an evaluation of held-out samples. */
    RowType<?> evaluationRows();

    /** Returns the names of the evaluation's columns that identify and order rows. */
    default List<String> keyColumns() {
        return List.of("index");
    }

    /** Returns the columns of answers; empty for a task that does not generate answers. */
    default Optional<AnswerColumns> answerColumns() {
        return Optional.empty();
    }

    /** Returns the columns of examples in the report; empty for a task whose rows are not right or wrong. */
    default Optional<ExampleColumns> exampleColumns() {
        return Optional.empty();
    }

    /** Returns the columns of pairs whose documents are ranked for the metrics; empty for a task that ranks nothing. */
    default Optional<RankingColumns> rankingColumns() {
        return Optional.empty();
    }

    /** Returns the type of predictions for raw rows. */
    RowType<? extends PredictedRow> predictionRows();

    /** Returns the column of {@link #predictionRows} that a function of SQL returns. */
    String predictionColumn();
}
