package io.github.sparkfinetune.spark.track;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingRecord;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;

/**
 * Is told of a run while it goes on. A method returns soon, whatever becomes of a disk or a server: what can't be kept
 * is said once and ends nothing.
 */
interface Tracker {

    /** How a command ended. */
    enum Status {
        FINISHED,
        FAILED,
        KILLED
    }

    /**
     * A command on a run.
     *
     * @param environment of the process
     * @param earlier what commands before this one have logged of the training
     * @param say shows a line
     */
    record Command(
            RunConfig run,
            Configuration hadoop,
            Map<String, String> environment,
            List<TrainingRecord> earlier,
            Consumer<String> say) {

        /** A file or a folder of the output folder. */
        org.apache.hadoop.fs.Path output(String name) {
            return new org.apache.hadoop.fs.Path(run.output().dir(), name);
        }

        /** How the run is called. */
        String runName() {
            String given = run.training().tracking().runName();
            return given != null
                    ? given
                    : run.output().dir().replaceFirst("/+$", "").replaceFirst(".*/", "");
        }

        void warn(String message) {
            say.accept("warning   " + message);
        }
    }

    /** Takes figures, in the order of their steps. */
    void add(Figures figures);

    /**
     * Ends the command; nothing comes after it.
     *
     * @param files of the output folder that belong to the result, of which some may not be there
     * @param patience how long it may take, at least
     */
    void end(Status status, List<String> files, Duration patience);
}
