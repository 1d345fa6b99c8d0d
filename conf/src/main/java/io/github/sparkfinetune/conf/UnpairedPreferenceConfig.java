package io.github.sparkfinetune.conf;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.github.sparkfinetune.conf.key.Check;
import java.io.Serializable;

/**
 * Objective of task {@code unpaired-preference}, under the names of TRL's {@code KTOConfig}.
 *
 * @param beta weight of the divergence from the reference model
 * @param lossType loss of an answer
 * @param desirableWeight weight of a good answer in the loss; above {@code undesirable_weight} if good answers are few
 * @param undesirableWeight weight of a bad answer in the loss
 */
public record UnpairedPreferenceConfig(double beta, LossType lossType, double desirableWeight, double undesirableWeight)
        implements Serializable {

    /** Loss of an answer. */
    public enum LossType {
        /** Kahneman-Tversky optimisation (Ethayarajh and others, 2024). */
        @JsonProperty("kto")
        KTO,
        /** Anchored preference optimisation without pairs (D'Oosterlinck and others, 2024). */
        @JsonProperty("apo_zero_unpaired")
        APO_ZERO_UNPAIRED
    }

    public UnpairedPreferenceConfig {
        Check.that(beta > 0, "unpaired_preference.beta", beta, "above 0");
        Check.present("unpaired_preference.loss_type", lossType);
        Check.that(desirableWeight >= 0, "unpaired_preference.desirable_weight", desirableWeight, "at least 0");
        Check.that(undesirableWeight >= 0, "unpaired_preference.undesirable_weight", undesirableWeight, "at least 0");
        Check.that(
                desirableWeight + undesirableWeight > 0,
                "unpaired_preference.undesirable_weight",
                undesirableWeight,
                "above 0 where unpaired_preference.desirable_weight is 0");
    }
}
