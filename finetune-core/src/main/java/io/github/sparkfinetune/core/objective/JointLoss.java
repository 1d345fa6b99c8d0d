package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/**
 * Loss that compares the samples of a global batch with each other, such as a loss with in-batch negatives. It needs
 * the outputs of all micro-batches of all ranks before its first gradient.
 */
public interface JointLoss {
    /**
     * Returns the loss of each micro-batch of this rank. All ranks call this method, also a rank without micro-batches.
     *
     * @param owner owner of the result
     * @param outputs output of the model's last block for each micro-batch
     * @param samples samples of each micro-batch
     * @param weights sums of {@link Objective#weights} over the whole global batch
     */
    List<Objective.Loss> losses(
            NDManager owner, List<NDArray> outputs, List<List<Sample>> samples, TermWeights weights, Collective ranks);
}
