package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.optim.Gradient;

/** Gradient of an embedding table over one step. */
interface EmbeddingGradient {
    /** What the optimizer reads, once the bucket holds the sums over the ranks. */
    Gradient gradient();

    /** What of the table's gradient may be not zero: the part that is summed over the ranks and counted in the norm. */
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
}
