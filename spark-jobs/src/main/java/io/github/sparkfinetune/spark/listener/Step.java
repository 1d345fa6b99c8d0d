package io.github.sparkfinetune.spark.listener;

import java.util.Locale;

/**
 * Step of a run.
 *
 * @param kind what the step does
 * @param input rows to predict; null for other steps
 * @param output folder of the predictions; null for other steps
 */
public record Step(Kind kind, String input, String output) {

    /** Effect of a step. */
    public enum Kind {
        PREPARE,
        TRAIN,
        EVALUATE,
        PREDICT
    }

    public static final Step PREPARE = new Step(Kind.PREPARE, null, null);
    public static final Step TRAIN = new Step(Kind.TRAIN, null, null);
    public static final Step EVALUATE = new Step(Kind.EVALUATE, null, null);

    /** Returns the prediction of rows. */
    public static Step predict(String input, String output) {
        return new Step(Kind.PREDICT, input, output);
    }

    /** Returns the name of the command. */
    public String command() {
        return kind.name().toLowerCase(Locale.ROOT);
    }
}
