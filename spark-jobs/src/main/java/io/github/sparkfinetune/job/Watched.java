package io.github.sparkfinetune.job;

/**
 * A run that is watched.
 *
 * @param folder the run's output folder
 * @param stage name of the stage of a pipeline; empty for the only run of a file
 * @param ranks number of ranks of the training
 */
record Watched(String folder, String stage, int ranks, RunState state) {}
