package io.github.sparkfinetune.core.model;

import java.util.Map;

/**
 * The head of an architecture.
 *
 * @param parameters names that the script knows, to Hugging Face's
 * @param activation after the dense layer: tanh or relu; unused by token heads
 * @param inputDropout on the first token's hidden state
 * @param dropout before the classifier
 */
record HeadShape(Map<String, String> parameters, String activation, double inputDropout, double dropout) {}
