package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.conf.UnpairedPreferenceConfig;
import io.github.sparkfinetune.conf.UnpairedPreferenceConfig.LossType;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.metric.UnpairedPreferenceMetrics;

/**
 * The loss of an answer that is good or bad. With r the logarithm of how much likelier the model finds it than the
 * reference does, s the sigmoid, and kl the mean of the same logarithm over answers to other prompts, at least 0, and 0
 * for {@code apo_zero_unpaired}:
 *
 * <ul>
 *   <li>good: desirable_weight (1 - s(beta (r - kl)))
 *   <li>bad: undesirable_weight (1 - s(beta (kl - r)))
 * </ul>
 *
 * <p>kl is a number that is not differentiated. Source: TRL's {@code KTOTrainer} (1.16).
 */
public record RatedLoss(UnpairedPreferenceConfig config) implements UnpairedPreferenceMetrics.Measure {

    /** Whether it is compared with answers to other prompts. */
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

    /** The derivative of the loss by r, which is that by the answer's log-probability. */
    double slope(boolean desirable, double ratio, double divergence) {
        double z = argument(desirable, ratio, divergence);
        double slope = config.beta() * weight(desirable) * Sigmoid.probability(z) * Sigmoid.probability(-z);
        return desirable ? -slope : slope;
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
