package io.github.sparkfinetune.core.optim;

import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;

/**
 * Learning rates that fall from the head to the embeddings (Howard and Ruder 2018, discriminative fine-tuning): with
 * decay d the head of a model of n layers has the rate η, the highest layer η d, the lowest η dⁿ, the embeddings η
 * dⁿ⁺¹, as the layer-wise decay of BEiT's and timm's trainers counts them.
 */
final class LayerwiseLrDecay {
    private LayerwiseLrDecay() {}

    /** Share of the learning rate that a parameter is moved with. */
    static double scale(TrainingConfig training, ParameterGradient parameter) {
        return Math.pow(training.layerwiseLrDecay(), parameter.depth());
    }
}
