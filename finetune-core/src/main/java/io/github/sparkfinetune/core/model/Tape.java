package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.weight.Block;
import java.util.List;
import java.util.Optional;

/** A computed block that keeps the tensors of its backward. */
public interface Tape {
    /** Returns the block's output; valid until {@link #backward}. */
    NDArray output();

    /**
     * Differentiates the block and frees the kept tensors. May be called once.
     *
     * @param owner owner of the result
     * @param gradient gradient of the loss with respect to the output
     * @param gradients receive the gradients of {@link Block#differentiated}, in the same order
     * @param add whether gradients are added to the present values instead of replacing them; gradients of shared
     *     parameters are always added
     * @return gradient with respect to the input, if requested
     */
    Optional<NDArray> backward(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add);

    /**
     * Differentiates the block without writing gradients: adds the squared norms of the samples' gradients to others.
     * May be called once, instead of {@link #backward}.
     *
     * @param owner owner of the result
     * @param gradient gradient of the loss with respect to the output; the tape closes it
     * @param gradients any gradients of {@link Block#differentiated}, in the same order; not read
     * @param squares squared norms of the samples' gradients [samples], F64
     * @throws UnsupportedOperationException unless {@link Model#measuresSamples} holds for the block
     */
    default MeasuredBlock measure(NDManager owner, NDArray gradient, List<NDArray> gradients, NDArray squares) {
        throw new UnsupportedOperationException("the gradients of samples cannot be measured");
    }
}
