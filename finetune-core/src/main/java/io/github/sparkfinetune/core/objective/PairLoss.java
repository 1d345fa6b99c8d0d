package io.github.sparkfinetune.core.objective;

import io.github.sparkfinetune.conf.PreferenceConfig;
import io.github.sparkfinetune.core.metric.Sigmoid;
import java.util.Locale;
import java.util.Map;

/**
 * Loss of a pair of answers. With c and r the {@linkplain AnswerPair#chosenRatio log-ratios} of the chosen and the
 * rejected answer, n and m their numbers of tokens, z = beta (c - r), e the label smoothing, S the sigmoid and s its
 * logarithm:
 *
 * <ul>
 *   <li>{@code sigmoid}: -(1 - e) s(z) - e s(-z)
 *   <li>{@code robust}: (-(1 - e) s(z) + e s(-z)) / (1 - 2 e)
 *   <li>{@code hinge}: max(0, 1 - z)
 *   <li>{@code ipo}: (c / n - r / m - 1 / (2 beta))²
 *   <li>{@code apo_zero}: 1 - S(beta c) + S(beta r)
 *   <li>{@code apo_down}: S(beta c) + 1 - S(z)
 *   <li>{@code simpo}: {@code sigmoid} with z = beta (c / n - r / m) - gamma
 *   <li>{@code orpo}: -c / n - beta s(o(c / n) - o(r / m)) with the log-odds o(p) = p - log(1 - exp(p))
 * </ul>
 *
 * <p>The last two have no reference, so that c and r are log-probabilities. To each other loss {@code rpo_alpha} adds
 * the chosen answer's negative log-likelihood per token.
 *
 * <p>{@code pair_loss.py} computes the same loss with its gradient, on the model's device.
 *
 * <p>Source: TRL's {@code DPOTrainer}, {@code CPOTrainer} and {@code ORPOTrainer} (1.16). TRL's {@code sigmoid} has no
 * label smoothing; here, {@code sigmoid} with label smoothing is conservative DPO as in TRL before 1.0. The likelihood
 * is a mean over the answer's tokens, as in the papers; in TRL over the tokens of the batch, for {@code orpo} with the
 * prompt's.
 */
public record PairLoss(PreferenceConfig config) {
    /** Largest log-probability whose odds are finite in F32 of a GPU and F64 alike. */
    private static final double LARGEST_LOG_PROB = -1e-9;

    /** Returns the loss of a pair. */
    public double of(AnswerPair pair) {
        double beta = config.beta();
        double chosen = pair.chosenRatio();
        double rejected = pair.rejectedRatio();
        double perToken = chosen / pair.chosenTokens() - rejected / pair.rejectedTokens();
        double z = beta * (chosen - rejected);
        double smoothing = config.labelSmoothing();
        double preference = switch (config.lossType()) {
            case SIGMOID -> smoothed(z);
            case ROBUST -> (-(1 - smoothing) * logSigmoid(z) + smoothing * logSigmoid(-z)) / (1 - 2 * smoothing);
            case HINGE -> Math.max(0, 1 - z);
            case IPO -> square(perToken - 1 / (2 * beta));
            case APO_ZERO -> 1 - Sigmoid.probability(beta * chosen) + Sigmoid.probability(beta * rejected);
            case APO_DOWN -> Sigmoid.probability(beta * chosen) + 1 - Sigmoid.probability(z);
            case SIMPO -> smoothed(beta * perToken - config.simpoGamma());
            case ORPO ->
                -chosen / pair.chosenTokens()
                        - beta
                                * logSigmoid(logOdds(chosen / pair.chosenTokens())
                                        - logOdds(rejected / pair.rejectedTokens()));
        };
        return preference - config.rpoAlpha() * pair.chosen() / pair.chosenTokens();
    }

    private double smoothed(double z) {
        return -(1 - config.labelSmoothing()) * logSigmoid(z) - config.labelSmoothing() * logSigmoid(-z);
    }

    /** Returns the reward of the chosen answer: beta times its log-ratio, or times its log-probability per token. */
    public double chosenReward(AnswerPair pair) {
        return reward(pair.chosenRatio(), pair.chosenTokens());
    }

    /** Returns the reward of the rejected answer, as {@link #chosenReward}. */
    public double rejectedReward(AnswerPair pair) {
        return reward(pair.rejectedRatio(), pair.rejectedTokens());
    }

    private double reward(double ratio, long tokens) {
        return config.beta() * (config.comparesPerToken() ? ratio / tokens : ratio);
    }

    /** Returns the attributes of {@code pair_loss.py}. */
    Map<String, Object> attributes() {
        return Map.of(
                "beta", config.beta(),
                "label_smoothing", config.labelSmoothing(),
                "simpo_gamma", config.simpoGamma(),
                "rpo_alpha", config.rpoAlpha(),
                "loss_type", config.lossType().name().toLowerCase(Locale.ROOT));
    }

    /** Returns p - log(1 - exp(p)) of a log-probability. */
    private static double logOdds(double p) {
        double below = Math.min(p, LARGEST_LOG_PROB);
        return below - Math.log(-Math.expm1(below));
    }

    private static double square(double x) {
        return x * x;
    }

    private static double logSigmoid(double x) {
        return -Sigmoid.softplus(-x);
    }
}
