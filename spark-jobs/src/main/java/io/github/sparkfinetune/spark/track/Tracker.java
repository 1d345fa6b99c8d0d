package io.github.sparkfinetune.spark.track;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingRecord;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/**
 * Receives the measurements of a run while it runs. A method returns soon, even if a disk or a server fails. A failure
 * is reported once and does not end the run.
 */
interface Tracker {

    /** Final state of a command. */
    enum Status {
        FINISHED,
        FAILED,
        KILLED
    }

    /**
     * Command on a run.
     *
     * @param run configuration of the run
     * @param hadoop settings of the file systems
     * @param environment variables of the process
     * @param earlier records of the training that earlier commands have logged
     * @param say prints a line
     */
    record Command(
            RunConfig run,
            Configuration hadoop,
            Map<String, String> environment,
            List<TrainingRecord> earlier,
            Consumer<String> say) {

        /** Returns the path of a file or folder in the output folder. */
        org.apache.hadoop.fs.Path output(String name) {
            return new org.apache.hadoop.fs.Path(run.output().dir(), name);
        }

        void warn(String message) {
            say.accept("warning   " + message);
        }
    }

    /** Receives measurements, in the order of their steps. */
    void add(Figures figures);

    /**
     * Ends the command. No call follows.
     *
     * @param files files of the output folder that belong to the result; some may not exist
     * @param patience shortest time that the call may take
     */
    void end(Status status, List<String> files, Duration patience);
}
