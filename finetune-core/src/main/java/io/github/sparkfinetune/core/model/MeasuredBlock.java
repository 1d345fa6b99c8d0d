package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.weight.Block;
import java.util.List;
import java.util.Optional;

/** A differentiated block whose samples' gradients are measured, and can be added or multiplied later. */
public interface MeasuredBlock {
    /** Returns the gradient with respect to the block's input, if requested. */
    Optional<NDArray> inputGradient();

    /** Makes another manager the owner of what is kept of the gradients; returns the number of kept values. */
    long attach(NDManager owner);

    /**
     * Adds the product of the gradient of each sample with that of each of other samples.
     *
     * @param products [samples, others], F64
     * @param others other samples of the same block
     */
    void addProducts(NDManager owner, NDArray products, MeasuredBlock others);

    /**
     * Adds the samples' gradients, each times a factor, to others. May be called once.
     *
     * @param factors factor of each sample [samples]
     * @param ofRows factor of each row of the batch [rows]: that of its sample
     * @param gradients gradients of {@link Block#differentiated}, in the same order
     */
    void addScaled(NDManager owner, NDArray factors, NDArray ofRows, List<NDArray> gradients);
}
