package io.github.sparkfinetune.spark;

import io.github.sparkfinetune.core.train.Predictor;
import io.github.sparkfinetune.data.Sample;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.apache.spark.sql.Row;

/** Rows with their predictions, in order, computed a block at a time as they are asked for. */
final class Classified<T> implements Iterator<Row> {
    /** Enough for the predictor to put samples of like length together. */
    private static final int BLOCK = 512;

    private final Predictor predictor;
    private final Iterator<T> rows;
    private final Function<T, Sample> toSample;
    private final BiFunction<T, float[], Row> toRow;
    private final Deque<Row> ready = new ArrayDeque<>();

    /**
     * Reads {@code rows} lazily.
     *
     * @param toSample what is predicted of a row; null where it can not be
     * @param toRow the result; its logits are null where the sample is
     */
    Classified(Predictor predictor, Iterator<T> rows, Function<T, Sample> toSample, BiFunction<T, float[], Row> toRow) {
        this.predictor = predictor;
        this.rows = rows;
        this.toSample = toSample;
        this.toRow = toRow;
    }

    @Override
    public boolean hasNext() {
        return !ready.isEmpty() || rows.hasNext();
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        if (ready.isEmpty()) {
            computeBlock();
        }
        return ready.removeFirst();
    }

    private void computeBlock() {
        List<T> block = new ArrayList<>();
        List<Sample> samples = new ArrayList<>();
        List<Boolean> usable = new ArrayList<>();
        while (rows.hasNext() && block.size() < BLOCK) {
            T row = rows.next();
            Sample sample = toSample.apply(row);
            block.add(row);
            usable.add(sample != null);
            if (sample != null) {
                samples.add(sample);
            }
        }
        float[][] logits = samples.isEmpty() ? new float[0][] : predictor.logits(samples);
        int predicted = 0;
        for (int i = 0; i < block.size(); i++) {
            ready.addLast(toRow.apply(block.get(i), usable.get(i) ? logits[predicted++] : null));
        }
    }
}
