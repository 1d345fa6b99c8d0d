package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A minimised loss: a sum of terms. A term is a sum over labels, divided by a weight that counts these labels in the
 * global batch. Therefore the loss does not depend on the division into micro-batches and ranks. If the loss is the
 * mean of n terms, each label counts n.
 *
 * <p>There is one term for one label per text or token, for several labels per text, or for a number. The start and the
 * end of an answer are two terms.
 */
public interface Objective {
    /** Returns the names of the terms, in the order of weights and sums. A single term is the loss itself. */
    default List<String> terms() {
        return List.of("loss");
    }

    /**
     * Returns the samples' contributions to the weights over the global batch. The trainer calls this method before
     * each step for each micro-batch, with the parameters before the step.
     */
    TermWeights weights(List<Sample> samples);

    /**
     * Returns whether {@link #weights} makes passes over the model, which ranks that share its weights make together.
     */
    default boolean readsModel() {
        return false;
    }

    /**
     * Returns the weights by which the loss of a sample alone is its part of the mean loss: the sample counts as one,
     * whatever its label's weight.
     */
    default TermWeights alone(Sample sample) {
        return weights(List.of(sample));
    }

    /**
     * Returns the loss over a whole global batch, if samples are compared with each other; {@link #loss} then compares
     * the samples of one batch.
     */
    default Optional<JointLoss> joint() {
        return Optional.empty();
    }

    /** Returns the part of a sample that is differentiated: by default the whole sample. */
    default Sample differentiated(Sample sample) {
        return sample;
    }

    /**
     * Returns the sum of each term over a batch, and the gradient of the loss.
     *
     * @param owner owner of the result
     * @param outputs outputs of the batch, named as in {@code transformers}.
     *     {@link io.github.sparkfinetune.core.model.Model#outputName} names the output of the model's last block
     * @param weights sums of {@link #weights} over the whole global batch
     * @param lmHead receive the gradients of the weights that the objective reads, by local name (see
     *     {@link io.github.sparkfinetune.core.model.weight.LmHead}); frozen weights have none
     * @param add whether these gradients are added to the present values instead of replacing them
     */
    Loss loss(
            NDManager owner,
            Map<String, NDArray> outputs,
            Batch batch,
            TermWeights weights,
            Map<String, NDArray> lmHead,
            boolean add);

    /**
     * Loss of a batch.
     *
     * @param terms sums of the terms, not yet divided by their weights
     * @param gradients gradients of the sum of the terms, divided by their weights, with respect to the differentiated
     *     outputs, by name
     */
    record Loss(LossTerms terms, Map<String, NDArray> gradients) {
        /**
         * Returns the loss of one output.
         *
         * @param result result of an objective's script: the sums of the terms, then the gradient
         * @param output name of the output
         */
        public static Loss of(NDList result, String output) {
            return new Loss(new LossTerms(result.get(0)), Map.of(output, result.get(1)));
        }

        /** Returns the sums of the terms; waits for a GPU. */
        public double[] sums() {
            return LossTerms.sums(List.of(terms));
        }
    }
}
