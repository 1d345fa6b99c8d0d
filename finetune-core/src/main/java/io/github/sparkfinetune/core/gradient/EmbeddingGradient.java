package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Batch;

/** Gradient of an embedding table over one step. */
interface EmbeddingGradient {
    /** The whole table's gradient [vocabulary, hidden], valid after {@link #finish}. */
    NDArray dense();

    /** What of it may be not zero: the part that is summed over the ranks and counted in the norm. */
    GradientBucket bucket();

    /** Whether {@link #begin} needs the ids of the global batch. */
    boolean needsIds();

    /**
     * Starts a step.
     *
     * @param sortedIds token ids of the global batch, each once, in rising order; equal on all ranks
     */
    void begin(int[] sortedIds);

    /** Adds a batch's gradient with respect to the rows that it looked up: the shape of its ids, and hidden. */
    void add(NDManager owner, Batch batch, NDArray gradient);

    /** Brings {@link #dense} up to date, once the bucket holds the sums over the ranks. */
    void finish(NDManager owner);
}
