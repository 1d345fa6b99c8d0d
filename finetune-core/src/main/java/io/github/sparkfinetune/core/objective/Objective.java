package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What is minimised: a sum of terms, each of them a sum over labels divided by a weight that counts these labels over
 * the whole global batch. So the loss does not depend on how the batch is cut into micro-batches and ranks. Where it is
 * the mean of n terms, a label counts n.
 *
 * <p>One label a text or a token is one term, and so are several labels a text, or a number; the start and the end of
 * an answer are two.
 */
public interface Objective {
    /** Names of the terms; arrays of weights and sums are in their order. One term is the loss itself. */
    default List<String> terms() {
        return List.of("loss");
    }

    /**
     * What these samples add to the weight of each term, and after these to what else the loss needs to know of the
     * whole global batch. Called before each step for each micro-batch, with the weights that the step begins with.
     */
    double[] weights(List<Sample> samples);

    /** What of a sample the loss is differentiated by: by default the whole of it. */
    default Sample differentiated(Sample sample) {
        return sample;
    }

    /**
     * The sum of each term over a batch, and the gradient of the loss.
     *
     * @param owner of the result
     * @param outputs what was computed of the batch, by the names of {@code transformers}: under
     *     {@link io.github.sparkfinetune.core.model.Model#outputName} what the model's last block gives
     * @param weights sums of {@link #weights} over the whole global batch
     * @param projection where the gradients of the weights go that the objective itself reads, by their local names
     *     (see {@link io.github.sparkfinetune.core.model.Projection}); without those that are frozen
     * @param add whether it is added to what is there, or replaces it
     */
    Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            double[] weights,
            Map<String, NDArray> projection,
            boolean add);

    /**
     * Loss of a batch.
     *
     * @param sums of the terms, not divided by their weights
     * @param gradients of the sum of the terms, divided by their weights, with respect to the outputs that are
     *     differentiated, by name
     */
    record Loss(double[] sums, Map<String, NDArray> gradients) {
        /**
         * Of one output.
         *
         * @param result what an objective's text gives: the sums of the terms, then the gradient
         * @param output name of the output
         */
        static Loss of(NDList result, String output) {
            float[] terms = result.get(0).toFloatArray();
            double[] sums = new double[terms.length];
            Arrays.setAll(sums, term -> terms[term]);
            return new Loss(sums, Map.of(output, result.get(1)));
        }
    }

    /** What a term is multiplied by: 1 by its weight; 0 where the whole global batch has no label of it. */
    static double scale(double weight) {
        return weight == 0 ? 0 : 1 / weight;
    }
}
