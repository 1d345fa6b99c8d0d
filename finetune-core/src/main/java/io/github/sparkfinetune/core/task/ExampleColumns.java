package io.github.sparkfinetune.core.task;

import java.util.Optional;

/**
 * Names of the evaluation's columns that show right and wrong predictions. The evaluation also has the column
 * {@code loss}.
 *
 * @param text text that the model has read; or its words, for which {@code expected} and {@code predicted} have one tag
 *     each
 * @param second second text, which may be null in a row; empty without such a column
 * @param expected true value in the data
 * @param predicted prediction of the model
 * @param correct number that is 1 if the prediction is right; empty if a prediction is right when it equals
 *     {@code expected}
 * @param score confidence of the model, higher for more confidence; empty without such a column
 */
public record ExampleColumns(
        String text,
        Optional<String> second,
        String expected,
        String predicted,
        Optional<String> correct,
        Optional<String> score) {

    /** Returns the columns of predictions that are right if they equal the true value. */
    public static ExampleColumns ofEqual(String text, String expected, String predicted, Optional<String> score) {
        return new ExampleColumns(text, Optional.empty(), expected, predicted, Optional.empty(), score);
    }

    /** Returns these columns with a second text. */
    public ExampleColumns withSecond(String column) {
        return new ExampleColumns(text, Optional.of(column), expected, predicted, correct, score);
    }
}
