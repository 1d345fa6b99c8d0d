package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;

/** A computed block that remembers what its backward needs. */
public interface Tape {
    /** What the block computed; valid until {@link #backward}. */
    NDArray output();

    /**
     * Differentiates the block, once, and frees what was remembered.
     *
     * @param owner of the result
     * @param gradient of the loss with respect to the output
     * @param gradients where those of {@link Block#differentiated} go, in its order
     * @param add whether they are added to what is there, or replace it; those of shared parameters are always added
     * @return gradient with respect to the input, where it was asked for
     */
    Optional<NDArray> backward(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add);
}
