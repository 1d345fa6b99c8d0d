package io.github.sparkfinetune.core.train;

import java.io.Serializable;

/**
 * A rank that the others wait for.
 *
 * @param name the rank with its host, as messages have it
 * @param seconds median of what it computes in a step
 * @param others median of the other ranks' medians
 */
public record SlowRank(String name, double seconds, double others) implements Serializable {}
