package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.RunConfig;

/**
 * A run of a file: its only one, or a stage of its {@code pipeline}.
 *
 * @param name of the stage; empty for the only run of a file
 * @param config its whole configuration
 */
public record Stage(String name, RunConfig config) {}
