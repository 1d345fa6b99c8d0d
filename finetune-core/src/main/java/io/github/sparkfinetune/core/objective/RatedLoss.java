package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.conf.UnpairedPreferenceConfig;
import io.github.sparkfinetune.conf.UnpairedPreferenceConfig.LossType;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.metric.UnpairedPreferenceMetrics;
import java.util.Map;

/**
 * Loss of an answer that is good or bad. Let r be the log-ratio of the answer's probabilities, model over reference,
 * and s the sigmoid. Let kl be the mean log-ratio of answers to other prompts, at least 0; for
 * {@code apo_zero_unpaired} it is 0.
 *
 * <ul>
 *   <li>good: desirable_weight (1 - s(beta (r - kl)))
 *   <li>bad: undesirable_weight (1 - s(beta (kl - r)))
 * </ul>
 *
 * <p>kl is not differentiated. {@code rated_loss.py} computes the same loss with its gradient, on the model's device.
 * Source: TRL's {@code KTOTrainer} (1.16).
 */
public record RatedLoss(UnpairedPreferenceConfig config) implements UnpairedPreferenceMetrics.Measure {

    /** Returns whether the loss compares an answer with answers to other prompts. */
    public boolean readsDivergence() {
        return config.lossType() == LossType.KTO;
    }

    @Override
    public double divergence(double sum, double count) {
        return readsDivergence() && count > 0 ? Math.max(0, sum / count) : 0;
    }

    @Override
    public double loss(boolean desirable, double ratio, double divergence) {
        return weight(desirable) * Sigmoid.probability(-argument(desirable, ratio, divergence));
    }

    /** Returns the attributes of {@code rated_loss.py}. */
    Map<String, Object> attributes() {
        return Map.of(
                "beta", config.beta(),
                "desirable_weight", config.desirableWeight(),
                "undesirable_weight", config.undesirableWeight());
    }

    @Override
    public double reward(double ratio) {
        return config.beta() * ratio;
    }

    private double argument(boolean desirable, double ratio, double divergence) {
        double z = config.beta() * (ratio - divergence);
        return desirable ? z : -z;
    }

    private double weight(boolean desirable) {
        return desirable ? config.desirableWeight() : config.undesirableWeight();
    }
}
