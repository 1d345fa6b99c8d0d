package io.github.sparkfinetune.core.optim;

import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;

/**
 * Factors of the learning rate η for single parameters.
 *
 * <ul>
 *   <li>Layer-wise decay (Howard and Ruder 2018, discriminative fine-tuning), counted as in BEiT's and timm's trainers.
 *       With decay d and n layers, the rate is η in the head, η d in the highest layer, η dⁿ in the lowest layer, and η
 *       dⁿ⁺¹ in the embeddings.
 *   <li>LoRA+ (Hayou et al. 2024): the rate of an adapter's B is η times a ratio, as in
 *       {@code peft.optimizers.create_loraplus_optimizer}. Magnitudes and biases have the same rate.
 * </ul>
 */
final class LearningRates {
    private LearningRates() {}

    static double share(TrainingConfig training, ParameterGradient trained) {
        String name = trained.parameter().name();
        boolean plus = name.contains(PeftAdapter.LORA_B)
                || name.contains(PeftAdapter.LORA_MAGNITUDE)
                || !trained.parameter().decayed();
        return Math.pow(training.layerwiseLrDecay(), trained.depth()) * (plus ? training.loraplusLrRatio() : 1);
    }
}
