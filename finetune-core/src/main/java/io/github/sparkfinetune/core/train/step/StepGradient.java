package io.github.sparkfinetune.core.train.step;

import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** How a step makes its gradient of samples: of the sum of their losses, or of the gradient of each sample. */
public interface StepGradient {
    /**
     * Returns the weights of the objective's terms over this rank's samples.
     *
     * @param microBatches this rank's micro-batches
     * @param progressed called before each piece of work; may throw
     */
    TermWeights weights(List<List<Sample>> microBatches, Runnable progressed);

    /**
     * Adds this rank's part to the gradients of the step, and starts to sum over the ranks.
     *
     * @param step number of completed steps
     * @param microBatches this rank's micro-batches, of samples as they are differentiated
     * @param weights weights over the samples of all ranks
     * @param progressed called before each piece of work; may throw
     * @return this rank's sums of the objective's terms
     */
    double[] terms(long step, List<List<Sample>> microBatches, TermWeights weights, Runnable progressed);

    /**
     * Returns the number by which the gradient of the step is divided.
     *
     * @param clipping number by which its norm asks to divide, at least 1
     */
    double divisor(double clipping);
}
