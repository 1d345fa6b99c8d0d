package io.github.sparkfinetune.core.privacy;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.Serializable;

/**
 * Guarantee of a private run, computed for the number of training samples rounded down to two digits: for each set S of
 * models, and for any two datasets of which one has a sample more, P(model in S) is at most e^epsilon times as high for
 * one as for the other, plus delta.
 *
 * @param epsilon bound by {@link LossAccountant}
 * @param renyiEpsilon bound by {@link RenyiAccountant}, which is not as tight
 * @param noiseMultiplier standard deviation of the noise on a step's sum, divided by {@code maxGradNorm}
 * @param maxGradNorm highest L2 norm of a sample's gradient in a sum; null if it is yet to be measured
 * @param publicSample set of {@code data.held_out} on which {@code maxGradNorm} was measured; null if it was set
 * @param delta probability with which the bound may fail
 * @param sampleRate probability with which a step takes a sample, at most; it follows from the rounded number
 */
public record PrivacySpent(
        double epsilon,
        double renyiEpsilon,
        double delta,
        double noiseMultiplier,
        Double maxGradNorm,
        @JsonInclude(JsonInclude.Include.NON_NULL) String publicSample,
        double sampleRate)
        implements Serializable {}
