package io.github.sparkfinetune.spark.ml;

import org.apache.spark.ml.param.Param;

/**
 * Estimator that reads one column besides the column of labels.
 *
 * @param <S> subclass
 * @param <M> model that a fit returns
 */
public abstract class TextTrainer<S extends TextTrainer<S, M>, M extends TextModel<M>> extends Trainer<S, M> {
    private static final long serialVersionUID = 1L;

    static final String TEXT = "text";

    private final Param<String> inputCol;

    TextTrainer(String uid, String input) {
        super(uid);
        inputCol = new Param<>(this, "inputCol", input);
        setDefault(inputCol, TEXT);
    }

    public final Param<String> inputCol() {
        return inputCol;
    }

    public final S setInputCol(String value) {
        return with(inputCol, value);
    }
}
