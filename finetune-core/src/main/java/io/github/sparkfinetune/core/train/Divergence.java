package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.step.TrainStep;

/** Refusal of a step whose loss or gradient is not a finite number. */
final class Divergence {
    private Divergence() {}

    /**
     * Checks the outcome of a step, before it changes a parameter.
     *
     * @param step number of the step, from 1
     * @throws RunException if the training has diverged, or the base model has values that are not finite
     */
    static void refuse(
            TrainStep.Outcome outcome, long step, int rank, TrainingResources resources, TrainingConfig settings) {
        if (Double.isFinite(outcome.loss()) && Double.isFinite(outcome.gradNorm())) {
            return;
        }
        resources.requireFiniteBase();
        throw RunException.failed(
                "training.learning_rate: the loss of step " + step + " is " + outcome.loss() + " and its gradient norm "
                        + outcome.gradNorm() + " (rank " + rank
                        + "); the newest checkpoint is kept. Lower the learning rate (now "
                        + settings.schedule().learningRate() + ") or look at the data",
                null);
    }
}
