package io.github.sparkfinetune.core.train.speed;

import java.io.Serializable;

/**
 * Computing time of a rank in a step: forward and backward over its samples, without waiting for other ranks.
 *
 * @param rank rank in [0, world size)
 * @param name name of the rank in messages, with its host
 * @param p50 median over this attempt's steps, in seconds
 * @param p99 99th percentile over this attempt's steps, in seconds
 */
public record RankTime(int rank, String name, double p50, double p99) implements Serializable {}
