package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.PreferenceConfig.LossType;
import io.github.sparkfinetune.core.metric.Sigmoid;

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
 * <p>Source: TRL's {@code DPOTrainer} (1.16), whose {@code sigmoid} has no label smoothing. With label smoothing,
 * {@code sigmoid} is conservative DPO as in TRL before 1.0.
 */
public record PairLoss(PreferenceConfig config) {

    /** Returns the loss of a pair. */
    public double of(AnswerPair pair) {
        if (config.lossType() == LossType.IPO) {
            double off = off(pair);
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

    /** Returns the derivative of the loss by the log-probability of the chosen answer. */
    double slopeOfChosen(AnswerPair pair) {
        return config.lossType() == LossType.IPO
                ? 2 * off(pair) / pair.chosenTokens()
                : config.beta() * slope(logit(pair));
    }

    /** Returns the derivative of the loss by the log-probability of the rejected answer. */
    double slopeOfRejected(AnswerPair pair) {
        return config.lossType() == LossType.IPO
                ? -2 * off(pair) / pair.rejectedTokens()
                : -config.beta() * slope(logit(pair));
    }

    private double slope(double z) {
        double smoothing = config.labelSmoothing();
        double right = (1 - smoothing) * Sigmoid.probability(-z);
        return config.lossType() == LossType.ROBUST
                ? (-right - smoothing * Sigmoid.probability(z)) / (1 - 2 * smoothing)
                : -right + smoothing * Sigmoid.probability(z);
    }

    private double logit(AnswerPair pair) {
        return config.beta() * (pair.chosenRatio() - pair.rejectedRatio());
    }

    private double off(AnswerPair pair) {
        return pair.chosenRatio() / pair.chosenTokens()
                - pair.rejectedRatio() / pair.rejectedTokens()
                - 1 / (2 * config.beta());
    }

    private static double logSigmoid(double x) {
        return Math.min(x, 0) - Math.log1p(Math.exp(-Math.abs(x)));
    }
}
