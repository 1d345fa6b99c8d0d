package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.optim.Gradient;

/** Gradient of an embedding table over one step. */
interface EmbeddingGradient {
    /** Returns the gradient for the optimizer, once the bucket holds the sums over the ranks. */
    Gradient gradient();

    /** Returns the part of the gradient that may be nonzero, which is summed over the ranks and counted in the norm. */
    GradientBucket bucket();

    /** Returns whether {@link #begin} needs the ids of the global batch. */
    boolean needsIds();

    /**
     * Starts a step.
     *
     * @param sortedIds distinct token ids of the global batch, in ascending order; equal on all ranks
     */
    void begin(int[] sortedIds);

    /** Adds a batch's gradient with respect to the looked-up rows; its shape is that of the ids, and hidden. */
    void add(NDManager owner, Batch batch, NDArray gradient);
}
