package io.github.sparkfinetune.spark.listener;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingRecord;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Command on a run that listeners follow.
 *
 * @param run configuration of the run
 * @param hadoop settings of the file systems
 * @param environment variables of the process
 * @param spark settings of Spark
 * @param measures whether the command measures the run, whose output folder then belongs to it
 * @param earlier records of the training that earlier commands have logged
 * @param say prints a line, on any thread
 */
public record CommandOnRun(
        RunConfig run,
        Configuration hadoop,
        Map<String, String> environment,
        Map<String, String> spark,
        boolean measures,
        List<TrainingRecord> earlier,
        Consumer<String> say) {

    public CommandOnRun {
        earlier = List.copyOf(earlier);
    }

    /** Returns the path of a file or folder in the output folder. */
    public Path output(String name) {
        return new Path(run.output().dir(), name);
    }

    /** Prints a warning. */
    public void warn(String message) {
        say.accept("warning   " + message);
    }
}
