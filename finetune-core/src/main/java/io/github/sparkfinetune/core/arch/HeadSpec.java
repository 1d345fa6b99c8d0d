package io.github.sparkfinetune.core.arch;

import java.util.Map;

/**
 * The head of an encoder.
 *
 * @param weights weights by their names in the script
 * @param activation activation after the dense layer; empty without a dense layer
 * @param inputDropout rate of dropout on the first token's hidden state
 * @param dropout rate of dropout before the classifier
 */
public record HeadSpec(Map<String, WeightSpec> weights, String activation, double inputDropout, double dropout) {
    /**
     * Returns a head over the first token: a dense layer [hidden, hidden], its activation, and the classifier [classes,
     * hidden].
     *
     * @param dense full name of the dense layer
     * @param classifier full name of the classifier
     */
    public static HeadSpec overFirstToken(
            String dense,
            String classifier,
            int classes,
            int hidden,
            String activation,
            double inputDropout,
            double dropout) {
        return new HeadSpec(
                new WeightSpecs()
                        .linear("dense", dense, hidden, hidden)
                        .linear("classifier", classifier, classes, hidden)
                        .map(),
                activation,
                inputDropout,
                dropout);
    }
}
