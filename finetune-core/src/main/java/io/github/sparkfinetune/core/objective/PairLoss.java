package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.PreferenceConfig.LossType;
import java.util.Locale;
import java.util.Map;

/**
 * Loss of a pair of answers. With c and r the {@linkplain AnswerPair#chosenRatio log-ratios} of the chosen and the
 * rejected answer, n and m their numbers of tokens, z = beta (c - r), e the label smoothing and s the logarithm of the
 * sigmoid:
 *
 * <ul>
 *   <li>{@code sigmoid}: -(1 - e) s(z) - e s(-z)
 *   <li>{@code robust}: (-(1 - e) s(z) + e s(-z)) / (1 - 2 e)
 *   <li>{@code ipo}: (c / n - r / m - 1 / (2 beta))²
 * </ul>
 *
 * <p>{@code pair_loss.py} computes the same loss with its gradient, on the model's device.
 *
 * <p>Source: TRL's {@code DPOTrainer} (1.16), whose {@code sigmoid} has no label smoothing. With label smoothing,
 * {@code sigmoid} is conservative DPO as in TRL before 1.0.
 */
public record PairLoss(PreferenceConfig config) {

    /** Returns the loss of a pair. */
    public double of(AnswerPair pair) {
        if (config.lossType() == LossType.IPO) {
            double off = pair.chosenRatio() / pair.chosenTokens()
                    - pair.rejectedRatio() / pair.rejectedTokens()
                    - 1 / (2 * config.beta());
            return off * off;
        }
        double z = logit(pair);
        double smoothing = config.labelSmoothing();
        return switch (config.lossType()) {
            case SIGMOID -> -(1 - smoothing) * logSigmoid(z) - smoothing * logSigmoid(-z);
            case ROBUST -> (-(1 - smoothing) * logSigmoid(z) + smoothing * logSigmoid(-z)) / (1 - 2 * smoothing);
            case IPO -> throw new IllegalStateException();
        };
    }

    /** Returns the reward of an answer, beta times its log-ratio. */
    public double reward(double ratio) {
        return config.beta() * ratio;
    }

    /** Returns the attributes of {@code pair_loss.py}. */
    Map<String, Object> attributes() {
        return Map.of(
                "beta", config.beta(),
                "label_smoothing", config.labelSmoothing(),
                "loss_type", config.lossType().name().toLowerCase(Locale.ROOT));
    }

    private double logit(AnswerPair pair) {
        return config.beta() * (pair.chosenRatio() - pair.rejectedRatio());
    }

    private static double logSigmoid(double x) {
        return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
    }
}
