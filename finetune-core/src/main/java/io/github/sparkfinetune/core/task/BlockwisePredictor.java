package io.github.sparkfinetune.core.task;

import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.SampleSource;
import io.github.sparkfinetune.data.task.TaskInput;
import java.util.Iterator;
import java.util.List;

/**
 * Rows that are computed a block at a time, so that samples of similar length share a batch.
 *
 * @param <E> row of an evaluation
 */
public abstract class BlockwisePredictor<E extends Record> implements TaskPredictor {
    /** Number of batches of a block. */
    protected static final int BATCHES = 8;

    private final int size;

    /** @param size number of samples of a block; all samples of a row are in one block */
    protected BlockwisePredictor(int size) {
        this.size = size;
    }

    /** Returns the rows of held-out samples. */
    protected abstract List<E> evaluate(List<Sample> block);

    /** Returns a row for each input. */
    protected abstract List<PredictedRow> predict(List<TaskInput> block);

    @Override
    public Iterator<E> evaluate(SampleSource split, List<String> labels, int part, int parts) {
        return new BlockwiseIterator<>(split.part(part, parts), size, this::evaluate, Sample::continuesRow);
    }

    @Override
    public Iterator<PredictedRow> predict(Iterator<TaskInput> inputs) {
        return new BlockwiseIterator<>(inputs, size, this::predict);
    }

    @Override
    public void close() {}
}
