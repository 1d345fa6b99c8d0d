package io.github.sparkfinetune.conf.load;

import io.github.sparkfinetune.conf.RunConfig;

/**
 * A run of a file: its only run, or a stage of its {@code pipeline}.
 *
 * @param name name of the stage; empty for the only run of a file
 * @param config whole configuration of the run
 */
public record Stage(String name, RunConfig config) {
    /** Returns a run as the only one of its file. */
    public static Stage only(RunConfig config) {
        return new Stage("", config);
    }
}
