package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.conf.PreferenceConfig.LossType;
import io.github.sparkfinetune.core.metric.Sigmoid;

/**
 * The loss of a pair of answers. With c and r the {@linkplain AnswerPair#chosenRatio ratios} of the better and the
 * other answer, n and m their tokens, z = beta (c - r), e the label smoothing and s the logarithm of the sigmoid:
 *
 * <ul>
 *   <li>{@code sigmoid}: -(1 - e) s(z) - e s(-z)
 *   <li>{@code robust}: (-(1 - e) s(z) + e s(-z)) / (1 - 2 e)
 *   <li>{@code ipo}: (c / n - r / m - 1 / (2 beta))²
 * </ul>
 *
 * <p>Source: TRL's {@code DPOTrainer} (1.16), whose {@code sigmoid} knows no label smoothing; with it, it is
 * conservative DPO as TRL had it before 1.0.
 */
public record PairLoss(PreferenceConfig config) {

    /** The loss. */
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

    /** The reward of an answer by its ratio: beta times that. */
    public double reward(double ratio) {
        return config.beta() * ratio;
    }

    /** The derivative of the loss by the log-probability of the better answer. */
    double slopeOfChosen(AnswerPair pair) {
        return config.lossType() == LossType.IPO
                ? 2 * off(pair) / pair.chosenTokens()
                : config.beta() * slope(logit(pair));
    }

    /** The derivative of the loss by the log-probability of the other answer. */
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
