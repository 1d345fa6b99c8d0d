package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import java.util.List;

/** Gradient of an embedding table over one step, as far as it comes from looked-up rows. */
interface EmbeddingGradient {
    /** Returns the values that this rank updates with this gradient. */
    List<ParameterGradient> parameters();

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

    /** Starts to sum the gradient over the ranks. */
    void complete();

    /** Waits for the sum, after the buckets are finished. */
    void finish();

    /** Returns the L2 norms of the units of what no bucket holds; equal on all ranks. */
    float[] norms(NDManager owner);
}
