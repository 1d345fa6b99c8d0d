package io.github.sparkfinetune.data.dataset;

import java.io.Serializable;

/**
 * What a model would learn badly from in a dataset.
 *
 * @param code short name of what it is, as {@code truncated}
 * @param message what is wrong, where, and what to do, in one line
 */
public record Warning(String code, String message) implements Serializable {}
