package io.github.sparkfinetune.spark.command;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.Stage;
import java.io.IOException;
import java.util.List;

/** Steps of a run for commands that train: with the display, the records and the report of {@code train} and others. */
public interface RunSteps {

    /** Opens the steps of a run. */
    @FunctionalInterface
    interface Opener {
        /** Returns the steps of a run. */
        RunSteps open(RunConfig run) throws IOException;
    }

    /**
     * Trains from the newest checkpoint, measures the model, and says where the report is. The dataset is used as it
     * is.
     *
     * @param later stages of the pipeline after this run; its adapter is merged if one of them starts from the result
     */
    void again(List<Stage> later) throws IOException;

    /** Writes the report of a pipeline and says where it is. */
    void report(List<Stage> stages) throws IOException;
}
