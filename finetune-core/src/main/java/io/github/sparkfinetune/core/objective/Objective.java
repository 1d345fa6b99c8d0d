package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Optional;

/**
 * What is minimised: a sum of terms, each of them a sum over labels divided by a weight that counts these labels over
 * the whole global batch. So the loss does not depend on how the batch is cut into micro-batches and ranks.
 */
public interface Objective {
    /** Scripts that an objective needs in its module. */
    List<String> SCRIPTS = List.of(
            "/io/github/sparkfinetune/core/objective/cross_entropy.py",
            "/io/github/sparkfinetune/core/objective/next_token.py");

    /** What these samples add to the weight of each term. */
    double[] weights(List<Sample> samples);

    /**
     * The sum of each term over a batch, and the gradient of the loss.
     *
     * @param owner of the result
     * @param output of the model's last block
     * @param weights of the terms over the whole global batch
     * @param projection where the gradient of the weights goes that the objective itself reads (see
     *     {@link io.github.sparkfinetune.core.model.Model#projection}); empty where they are frozen or there are none
     * @param add whether it is added to what is there, or replaces it
     */
    Loss loss(
            NDManager owner, NDArray output, Batch batch, double[] weights, Optional<NDArray> projection, boolean add);

    /**
     * Loss of a batch.
     *
     * @param sums of the terms, not divided by their weights
     * @param gradient of the sum of the terms, divided by their weights, with respect to the output
     */
    record Loss(double[] sums, NDArray gradient) {}
}
