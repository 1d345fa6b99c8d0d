package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;
import java.util.Locale;

/**
 * Objective of task {@code preference}, under the names of TRL's {@code DPOConfig} and {@code CPOConfig}.
 *
 * @param beta weight of the divergence from the reference model; for ipo its tau; for simpo the scale of the rewards,
 *     often 2; for orpo the weight of the odds ratio
 * @param lossType loss of a pair
 * @param labelSmoothing fraction of the preferences that are the wrong way round; with sigmoid this is conservative
 *     DPO; for sigmoid, robust and simpo
 * @param referenceFree whether the reference is a model that finds all answers equally likely, instead of the model at
 *     the start; always so for simpo and orpo
 * @param simpoGamma margin by which the reward of the chosen answer should be higher, for simpo
 * @param rpoAlpha weight of the chosen answer's negative log-likelihood per token, which is added to the loss (Pang and
 *     others, 2024); orpo has this term with weight 1
 */
public record PreferenceConfig(
        double beta,
        LossType lossType,
        double labelSmoothing,
        @Key(hf = Key.NOT_IN_HF) boolean referenceFree,
        @Key(hf = "CPOConfig.simpo_gamma") double simpoGamma,
        @Key(hf = Key.NOT_IN_HF) double rpoAlpha)
        implements Serializable {

    /** Loss of a pair. */
    public enum LossType {
        /** DPO: the negative log-likelihood of the preference (Rafailov and others, 2023). */
        @JsonProperty("sigmoid")
        SIGMOID,
        /** DPO with the hinge loss of SLiC (Zhao and others, 2023): nothing is learned beyond a margin. */
        @JsonProperty("hinge")
        HINGE,
        /** Squared distance of the margin per token from 1 / (2 beta) (Azar and others, 2023). */
        @JsonProperty("ipo")
        IPO,
        /** DPO, corrected for preferences that are the wrong way round (Ray Chowdhury and others, 2024). */
        @JsonProperty("robust")
        ROBUST,
        /** Makes the chosen answer likelier and the rejected one less likely (D'Oosterlinck and others, 2024). */
        @JsonProperty("apo_zero")
        APO_ZERO,
        /** Makes both answers less likely, the rejected one more so, for chosen answers below the model's own. */
        @JsonProperty("apo_down")
        APO_DOWN,
        /** DPO of log-probabilities per token with a margin, without a reference (Meng and others, 2024). */
        @JsonProperty("simpo")
        SIMPO,
        /** Likelihood of the chosen answer and odds ratio of both, without a reference (Hong and others, 2024). */
        @JsonProperty("orpo")
        ORPO;

        private boolean smooths() {
            return this == SIGMOID || this == ROBUST || this == SIMPO;
        }
    }

    public PreferenceConfig {
        Check.that(beta > 0, "preference.beta", beta, "above 0");
        Check.present("preference.loss_type", lossType);
        Check.that(
                labelSmoothing >= 0 && labelSmoothing < 0.5,
                "preference.label_smoothing",
                labelSmoothing,
                "in [0, 0.5)");
        Check.that(
                labelSmoothing == 0 || lossType.smooths(),
                "preference.label_smoothing",
                labelSmoothing,
                "0 with preference.loss_type: " + lossType.name().toLowerCase(Locale.ROOT));
        Check.that(simpoGamma >= 0, "preference.simpo_gamma", simpoGamma, "at least 0");
        Check.that(rpoAlpha >= 0, "preference.rpo_alpha", rpoAlpha, "at least 0");
        Check.that(
                rpoAlpha == 0 || lossType != LossType.ORPO,
                "preference.rpo_alpha",
                rpoAlpha,
                "0 with preference.loss_type: orpo, which has this term");
    }

    /** Returns whether the loss compares with the model at the start. */
    public boolean readsReference() {
        return !referenceFree && !comparesPerToken();
    }

    /** Returns whether rewards are log-probabilities per token, without a reference. */
    public boolean comparesPerToken() {
        return lossType == LossType.SIMPO || lossType == LossType.ORPO;
    }
}
