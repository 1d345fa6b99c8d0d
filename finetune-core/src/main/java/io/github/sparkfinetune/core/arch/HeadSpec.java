package io.github.sparkfinetune.core.arch;

import java.util.Map;

/**
 * The head of an encoder.
 *
 * @param weights by the names that the text knows them by
 * @param activation after the dense layer; empty without one
 * @param inputDropout rate on the first token's hidden state
 * @param dropout rate before the classifier
 */
public record HeadSpec(Map<String, WeightSpec> weights, String activation, double inputDropout, double dropout) {
    /**
     * A dense layer [hidden, hidden] over the first token, its activation, and the classifier [classes, hidden].
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
