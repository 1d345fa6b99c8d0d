package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.predict.ClassPredictor;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.apache.spark.sql.Row;

/**
 * Predicts the labels of a block.
 *
 * @param toSample what is predicted of an input; null where it can not be
 * @param toRow the result; its logits are null where the sample is
 */
record ClassPrediction<T>(ClassPredictor predictor, Function<T, Sample> toSample, BiFunction<T, float[], Row> toRow)
        implements Function<List<T>, List<Row>> {
    /** Enough for the predictor to put samples of like length together. */
    private static final int BLOCK = 512;

    /** Inputs with their predictions, in order. */
    Iterator<Row> of(Iterator<T> inputs) {
        return new BlockwiseIterator<>(inputs, BLOCK, this);
    }

    @Override
    public List<Row> apply(List<T> block) {
        List<Sample> samples = block.stream().map(toSample).toList();
        List<Sample> usable = samples.stream().filter(sample -> sample != null).toList();
        float[][] logits = usable.isEmpty() ? new float[0][] : predictor.logits(usable);
        List<Row> rows = new ArrayList<>();
        int predicted = 0;
        for (int i = 0; i < block.size(); i++) {
            rows.add(toRow.apply(block.get(i), samples.get(i) == null ? null : logits[predicted++]));
        }
        return rows;
    }
}
