package io.github.sparkfinetune.core.arch.rope;

import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/**
 * Rotary positions: pair i of the first {@code width} values of a head is rotated by position ·
 * theta<sup>-2i/width</sup> (source: {@code transformers/modeling_rope_utils.py}).
 *
 * @param theta base of the angles
 * @param width number of rotated values of a head, usually all of them
 * @param scaling scaling of the angles for longer contexts
 */
public record RotaryPositions(double theta, int width, Optional<RopeScaling> scaling) {
    private static final double USUAL_THETA = 10_000;

    /**
     * Returns the frequencies, in F32 as the reference rounds them.
     *
     * @param inverse theta<sup>2i/width</sup>
     */
    public float[] frequencies(float[] inverse) {
        float[] frequencies = inverse.clone();
        for (int i = 0; i < inverse.length; i++) {
            frequencies[i] = 1 / inverse[i];
        }
        scaling.ifPresent(scaled -> scaled.apply(frequencies, inverse, theta));
        return frequencies;
    }

    /** Returns the factor of the angles' cosines and sines. */
    public double factor() {
        return scaling.map(RopeScaling::factor).orElse(1.0);
    }

    /** Returns the positions of fully rotated heads. The default base is 10,000. */
    public static RotaryPositions of(HfConfig config, int width) {
        return of(config, width, USUAL_THETA);
    }

    /**
     * Returns the positions of fully rotated heads.
     *
     * @param width width of a head
     * @param defaultTheta base if the configuration has none
     * @throws io.github.sparkfinetune.conf.error.RunException if the scaling of the angles is not supported
     */
    public static RotaryPositions of(HfConfig config, int width, double defaultTheta) {
        RopeParameters parameters = RopeParameters.of(config);
        parameters.requireFullRotation();
        return of(parameters, width, defaultTheta);
    }

    /**
     * Returns the positions of heads of which the first {@code partial_rotary_factor} is rotated.
     *
     * @param headWidth width of a head
     */
    public static RotaryPositions ofPart(HfConfig config, int headWidth) {
        RopeParameters parameters = RopeParameters.of(config);
        return of(parameters, (int) (headWidth * parameters.part()), USUAL_THETA);
    }

    /**
     * Returns the positions in layers of one type, for models whose layers differ.
     *
     * @param type type of the layers in {@code layer_types}
     * @param thetaKey key of the base before version 5 of transformers
     * @param width width of a head
     * @param defaultTheta base if the configuration has none
     */
    public static RotaryPositions of(HfConfig config, String type, String thetaKey, int width, double defaultTheta) {
        RopeParameters parameters = RopeParameters.of(config, type, thetaKey);
        parameters.requireFullRotation();
        return of(parameters, width, defaultTheta);
    }

    private static RotaryPositions of(RopeParameters parameters, int width, double defaultTheta) {
        return new RotaryPositions(parameters.theta(defaultTheta), width, parameters.scaling(width / 2));
    }
}
