package io.github.sparkfinetune.core.arch;

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

    /** The positions of heads that are turned whole, with the usual base where the configuration has none. */
    public static RotaryPositions of(HfConfig config, int width) {
        return of(config, width, USUAL_THETA);
    }

    /**
     * The positions of heads that are turned whole.
     *
     * @param width of a head
     * @param otherwise the base where the configuration has none
     * @throws io.github.sparkfinetune.conf.RunException where the angles are scaled in a way that is not supported
     */
    public static RotaryPositions of(HfConfig config, int width, double otherwise) {
        RopeParameters parameters = RopeParameters.of(config);
        parameters.requireWhole();
        return of(parameters, width, otherwise);
    }

    /**
     * The positions of heads of which the first part is turned, {@code partial_rotary_factor} of it.
     *
     * @param headWidth width of a head
     */
    public static RotaryPositions ofPart(HfConfig config, int headWidth) {
        RopeParameters parameters = RopeParameters.of(config);
        return of(parameters, (int) (headWidth * parameters.part()), USUAL_THETA);
    }

    /**
     * The positions in layers of one type, of models whose layers differ.
     *
     * @param type of the layers, as {@code layer_types} calls it
     * @param thetaKey key of the base before version 5 of transformers
     * @param width of a head
     * @param otherwise the base where the configuration has none
     */
    public static RotaryPositions of(HfConfig config, String type, String thetaKey, int width, double otherwise) {
        RopeParameters parameters = RopeParameters.of(config, type, thetaKey);
        parameters.requireWhole();
        return of(parameters, width, otherwise);
    }

    private static RotaryPositions of(RopeParameters parameters, int width, double otherwise) {
        return new RotaryPositions(parameters.theta(otherwise), width, parameters.scaling(width / 2));
    }
}
