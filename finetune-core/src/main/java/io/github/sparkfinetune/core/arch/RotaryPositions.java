package io.github.sparkfinetune.core.arch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/**
 * Rotary positions: pair i of the first {@code width} values of a head is turned by position ·
 * theta<sup>-2i/width</sup> (source: {@code transformers/modeling_rope_utils.py}).
 *
 * @param theta base of the angles
 * @param width how much of a head is turned, mostly all of it
 * @param scaling of the angles for longer contexts
 */
public record RotaryPositions(double theta, int width, Optional<RopeScaling> scaling) {
    /** Where transformers writes base and scaling from its version 5 on. */
    private static final String PARAMETERS = "rope_parameters";

    private static final String THETA = "rope_theta";
    private static final double USUAL_THETA = 10_000;

    /**
     * Frequencies, in F32 as the reference rounds them.
     *
     * @param inverse theta<sup>2i/width</sup>
     */
    public float[] frequencies(float[] inverse) {
        float[] frequencies = inverse.clone();
        for (int i = 0; i < inverse.length; i++) {
            frequencies[i] = 1 / inverse[i];
        }
        scaling.ifPresent(some -> some.apply(frequencies, inverse, theta));
        return frequencies;
    }

    /** What the angles' cosines and sines are multiplied by. */
    public double factor() {
        return scaling.map(RopeScaling::factor).orElse(1.0);
    }

    /** The same with the usual base where none is said. */
    public static RotaryPositions of(HfConfig config, int width) {
        return of(config, width, USUAL_THETA);
    }

    /**
     * What {@code rope_theta} and {@code rope_scaling}, or {@code rope_parameters}, say.
     *
     * @param width how much of a head is turned
     * @param otherwise the base where none is said
     * @throws io.github.sparkfinetune.conf.RunException where the angles are scaled in a way that is not supported
     */
    public static RotaryPositions of(HfConfig config, int width, double otherwise) {
        Optional<JsonNode> parameters = config.find(PARAMETERS);
        double theta = parameters
                .map(found -> found.path(THETA))
                .filter(JsonNode::isNumber)
                .map(JsonNode::doubleValue)
                .orElseGet(() -> config.number(otherwise, THETA));
        return new RotaryPositions(
                theta,
                width,
                config.find("rope_scaling")
                        .or(() -> parameters)
                        .flatMap(scaling -> RopeScaling.of(config, scaling, width / 2)));
    }
}
