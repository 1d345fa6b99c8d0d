package io.github.sparkfinetune.data.dataset;

import java.io.Serializable;

/**
 * A problem in a dataset that harms the trained model.
 *
 * @param code short name of the problem, e.g. {@code truncated}
 * @param message one line: the problem, its place, and the remedy
 */
public record Warning(String code, String message) implements Serializable {}
