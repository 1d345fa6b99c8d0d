package io.github.sparkfinetune.spark.ml;

import org.apache.spark.ml.param.Param;

/**
 * Fine-tuned model that reads one column.
 *
 * @param <M> subclass
 */
public abstract class TextModel<M extends TextModel<M>> extends TrainedModel<M> {
    private static final long serialVersionUID = 1L;

    private final Param<String> inputCol;

    TextModel(String uid, String input, String output) {
        super(uid, output);
        inputCol = new Param<>(this, "inputCol", input);
        setDefault(inputCol, TextTrainer.TEXT);
    }

    public final Param<String> inputCol() {
        return inputCol;
    }

    public final M setInputCol(String value) {
        return with(inputCol, value);
    }
}
