package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Batch;
import java.util.concurrent.Future;

/** Gradient of an embedding table over one step. */
interface TableGradient {
    /** The whole table's gradient [vocabulary, hidden], valid after {@link #arrived}. */
    NDArray dense();

    /** What of it may be not zero, valid after {@link #arrived}. */
    NDArray nonZero();

    /** Whether {@link #begin} needs the ids of the global batch. */
    boolean needsIds();

    /**
     * Starts a step.
     *
     * @param sortedIds token ids of the global batch, each once, in rising order; equal on all ranks
     */
    void begin(int[] sortedIds);

    /** Forgets the step before, on a rank that had no sample in this step. */
    void clear(NDManager owner);

    /** Adds a batch's gradient with respect to the rows that it looked up: the shape of its ids, and hidden. */
    void add(NDManager owner, Batch batch, NDArray gradient);

    /** Starts to replace the gradient by its sum over the ranks; {@link #arrived} must follow. */
    Future<?> send(Collective collective);

    /** Takes up the sum. */
    void arrived(NDManager owner, Collective collective);
}
