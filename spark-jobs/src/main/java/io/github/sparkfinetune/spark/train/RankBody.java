package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.core.train.RankContext;
import io.github.sparkfinetune.core.train.TrainingResult;
import java.io.IOException;
import java.io.Serializable;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/**
 * What every rank of a training run does; travels to the ranks by Java serialisation.
 *
 * <p>How it ends decides what Spark does: a {@link io.github.sparkfinetune.core.collective.LostRankException} or an
 * {@link IOException} (also {@link java.io.UncheckedIOException}, also as a cause) repeats the whole stage, which then
 * resumes from the newest checkpoint; anything else ends the run at once, a
 * {@link io.github.sparkfinetune.conf.RunException} with its own exit code. All ranks must return within
 * {@code spark.barrier.sync.timeout} of each other.
 */
public interface RankBody extends Serializable {

    /**
     * Finds what is wrong with a run before any long work, on the driver; by default nothing.
     *
     * @throws io.github.sparkfinetune.conf.RunException that says what to change
     */
    default void check(RunConfig config, Configuration hadoop) throws IOException {}

    /** Memory that a rank will take outside the Java heap, or empty where it is not known. */
    default Optional<RankMemory> memory(RunConfig config, Configuration hadoop) throws IOException {
        return Optional.empty();
    }

    /**
     * Name of the newest committed checkpoint, or null for none. Asked on the driver, to see how far the run is, and by
     * one of the tasks while the others wait: it must not read more than takes seconds.
     */
    String newestCheckpoint(RunConfig config, Configuration hadoop) throws IOException;

    /**
     * Trains to the end. Returns at once where {@code resumeFrom} is the run's last checkpoint.
     *
     * @param resumeFrom a name from {@link #newestCheckpoint}, or null
     */
    TrainingResult run(RunConfig config, RankContext rank, String resumeFrom) throws Exception;
}
