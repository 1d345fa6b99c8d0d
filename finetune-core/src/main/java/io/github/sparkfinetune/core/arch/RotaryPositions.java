package io.github.sparkfinetune.core.arch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/**
 * Rotary positions: pair i of a head of width d is turned by position · theta<sup>-2i/d</sup> (source:
 * {@code transformers/modeling_rope_utils.py}).
 *
 * @param theta base of the angles
 * @param scaling of the angles for longer contexts
 */
public record RotaryPositions(double theta, Optional<RopeScaling> scaling) {
    /** Where transformers writes base and scaling from its version 5 on. */
    private static final String PARAMETERS = "rope_parameters";

    private static final String THETA = "rope_theta";
    private static final double USUAL_THETA = 10_000;

    /**
     * What {@code rope_theta} and {@code rope_scaling}, or {@code rope_parameters}, say.
     *
     * @throws io.github.sparkfinetune.conf.RunException where the angles are scaled in a way that is not supported
     */
    public static RotaryPositions of(HfConfig config) {
        Optional<JsonNode> parameters = config.find(PARAMETERS);
        double theta = parameters
                .map(found -> found.path(THETA))
                .filter(JsonNode::isNumber)
                .map(JsonNode::doubleValue)
                .orElseGet(() -> config.number(USUAL_THETA, THETA));
        return new RotaryPositions(
                theta,
                config.find("rope_scaling").or(() -> parameters).flatMap(scaling -> RopeScaling.of(config, scaling)));
    }
}
