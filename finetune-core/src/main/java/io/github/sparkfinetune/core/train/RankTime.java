package io.github.sparkfinetune.core.train;

import java.io.Serializable;

/**
 * How long a rank computes in a step: forward and backward over its samples, without waiting for other ranks.
 *
 * @param rank in [0, ranks)
 * @param name the rank with the host that it was on, as messages have it
 * @param p50 median of this attempt's steps, in seconds
 * @param p99 the shortest time that 99 % of them took at most, in seconds
 */
public record RankTime(int rank, String name, double p50, double p99) implements Serializable {}
