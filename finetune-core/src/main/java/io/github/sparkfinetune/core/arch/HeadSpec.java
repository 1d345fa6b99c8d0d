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
public record HeadSpec(Map<String, WeightSpec> weights, String activation, double inputDropout, double dropout) {}
