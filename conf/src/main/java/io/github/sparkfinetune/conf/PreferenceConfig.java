package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * Objective of task {@code preference}, under the names of TRL's {@code DPOConfig}.
 *
 * @param beta weight of the divergence from the reference model; for ipo its tau
 * @param lossType loss of a pair
 * @param labelSmoothing fraction of the preferences that are the wrong way round; with sigmoid this is conservative
 *     DPO; not for ipo
 * @param referenceFree whether the reference is a model that finds all answers equally likely, instead of the model at
 *     the start
 */
public record PreferenceConfig(
        double beta,
        LossType lossType,
        double labelSmoothing,
        @Key(hf = Key.NOT_IN_HF) boolean referenceFree) implements Serializable {

    /** Loss of a pair. */
    public enum LossType {
        /** DPO: the negative log-likelihood of the preference (Rafailov and others, 2023). */
        @JsonProperty("sigmoid")
        SIGMOID,
        /** Squared distance of the margin per token from 1 / (2 beta) (Azar and others, 2023). */
        @JsonProperty("ipo")
        IPO,
        /** DPO, corrected for preferences that are the wrong way round (Ray Chowdhury and others, 2024). */
        @JsonProperty("robust")
        ROBUST
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
                labelSmoothing == 0 || lossType != LossType.IPO,
                "preference.label_smoothing",
                labelSmoothing,
                "0 with preference.loss_type: ipo");
    }
}
