package io.github.sparkfinetune.core.train.step;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.objective.Objective;

/**
 * What a {@link StepGradient} works with.
 *
 * @param manager owner of tensors that outlive a step, on the model's device
 * @param gradients gradients of the step
 * @param passes makes the inputs, outputs and tapes of blocks
 * @param batchSize number of samples of a micro-batch
 */
public record StepParts(
        NDManager manager,
        Model model,
        Objective objective,
        Collective collective,
        Gradients gradients,
        ForwardBackward passes,
        int batchSize) {}
