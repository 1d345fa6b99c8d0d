package io.github.sparkfinetune.core.optim;

import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;

/**
 * In what share of the learning rate η a parameter is moved.
 *
 * <ul>
 *   <li>Rates that fall from the head to the embeddings (Howard and Ruder 2018, discriminative fine-tuning): with decay
 *       d the head of a model of n layers has the rate η, the highest layer η d, the lowest η dⁿ, the embeddings η
 *       dⁿ⁺¹, as the layer-wise decay of BEiT's and timm's trainers counts them.
 *   <li>LoRA+ (Hayou et al. 2024): B of an adapter moves with η times a ratio, as
 *       {@code peft.optimizers.create_loraplus_optimizer} has it; so do magnitudes and biases.
 * </ul>
 */
final class LearningRates {
    private LearningRates() {}

    static double share(TrainingConfig training, ParameterGradient trained) {
        String name = trained.parameter().name();
        boolean plus = name.contains(PeftAdapter.LORA_B)
                || name.contains(PeftAdapter.LORA_MAGNITUDE)
                || !trained.parameter().decayed();
        return Math.pow(training.schedule().layerwiseLrDecay(), trained.depth())
                * (plus ? training.schedule().loraplusLrRatio() : 1);
    }
}
