package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.step.TrainStep;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;

/** Refusal of a step whose loss or gradient is not a finite number. */
final class Divergence {
    private Divergence() {}

    /**
     * Checks the outcome of a step, before it changes a parameter. All ranks call this method.
     *
     * @param step number of completed steps
     * @param microBatches this rank's micro-batches of the step
     * @throws RunException if the training has diverged, or the base model has values that are not finite
     */
    static void refuse(
            TrainStep.Outcome outcome,
            long step,
            List<List<Sample>> microBatches,
            RankContext rank,
            TrainingResources resources,
            TrainingConfig settings) {
        if (Double.isFinite(outcome.loss()) && Double.isFinite(outcome.gradNorm())) {
            return;
        }
        resources.requireFiniteBase();
        String first =
                resources.step().firstNotFinite(step, microBatches, Double.isFinite(outcome.loss()), rank::progressed);
        String what = "the loss of step " + (step + 1) + " is " + outcome.loss() + " and its gradient norm "
                + outcome.gradNorm() + " (rank " + rank.collective().rank() + "): " + first
                + " is the first tensor that is not finite";
        throw RunException.failed(
                step == 0
                        ? what
                                + ". No parameter has changed yet, so the learning rate is not the cause. Look at the data"
                                + " and the base model, or set precision: fp32"
                        : "training.learning_rate: " + what + "; the newest checkpoint is kept. Lower the learning rate"
                                + " (now " + settings.learningRate() + ") or look at the data",
                null);
    }
}
