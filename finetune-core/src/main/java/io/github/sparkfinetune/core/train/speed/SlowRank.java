package io.github.sparkfinetune.core.train.speed;

import java.io.Serializable;

/**
 * A rank for which the other ranks wait.
 *
 * @param rank rank in [0, world size)
 * @param name name of the rank in messages, with its host
 * @param seconds median computing time of a step
 * @param others median of the other ranks' medians
 */
public record SlowRank(int rank, String name, double seconds, double others) implements Serializable {}
