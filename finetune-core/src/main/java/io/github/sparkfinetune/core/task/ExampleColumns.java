package io.github.sparkfinetune.core.task;

import java.util.Optional;

/**
 * Names of the evaluation's columns that show a reader what a model gets right and wrong. The column {@code loss} is
 * among the evaluation's too.
 *
 * @param text what the model has read; or its words, which then {@code expected} and {@code predicted} have a tag each
 *     for
 * @param second a second text, of which a row may have none; empty where there is no such column
 * @param expected what the data says
 * @param predicted what the model says
 * @param correct a number that is 1 where the prediction is right; empty where it is right when it equals
 *     {@code expected}
 * @param score how sure the model is, a number that grows with it; empty where it doesn't say
 */
public record ExampleColumns(
        String text,
        Optional<String> second,
        String expected,
        String predicted,
        Optional<String> correct,
        Optional<String> score) {

    /** Of predictions that are right where they are equal to what the data says. */
    public static ExampleColumns ofEqual(String text, String expected, String predicted, Optional<String> score) {
        return new ExampleColumns(text, Optional.empty(), expected, predicted, Optional.empty(), score);
    }

    /** Returns these columns with a second text. */
    public ExampleColumns withSecond(String column) {
        return new ExampleColumns(text, Optional.of(column), expected, predicted, correct, score);
    }
}
