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
 * Work of every rank of a training run. Java serialization carries it to the ranks.
 *
 * <p>How the work ends decides what Spark does. A {@link io.github.sparkfinetune.core.collective.LostRankException} or
 * an {@link IOException} (also {@link java.io.UncheckedIOException}, also as a cause) repeats the whole stage, which
 * then resumes from the newest checkpoint. Any other exception ends the run at once; a
 * {@link io.github.sparkfinetune.conf.error.RunException} ends it with its own exit code. All ranks must return within
 * {@code spark.barrier.sync.timeout} of each other.
 */
public interface RankBody extends Serializable {

    /**
     * Checks a run on the driver before any long work. The default implementation checks nothing.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException that names the setting to change
     */
    default void check(RunConfig config, Configuration hadoop) throws IOException {}

    /**
     * Holds what the ranks read, so that it stays as it is until {@link #release}. The default implementation holds
     * nothing.
     *
     * @param config configuration with absolute paths
     * @return configuration that names what is held
     */
    default RunConfig hold(RunConfig config, Configuration hadoop) throws IOException {
        return config;
    }

    /**
     * Releases what {@link #hold} holds, if the run has ended. A run that failed or paused keeps it, because the run
     * may resume.
     *
     * @param config configuration that {@link #hold} returned
     */
    default void release(RunConfig config, TrainingResult result, Configuration hadoop) throws IOException {}

    /** Returns the memory that a rank takes outside the Java heap, or empty if unknown. */
    default Optional<RankMemory> memory(RunConfig config, Configuration hadoop) throws IOException {
        return Optional.empty();
    }

    /**
     * Returns the name of the newest committed checkpoint, or null if there is none. The driver calls this to measure
     * progress, and one task calls it while the others wait: it must take at most seconds.
     */
    String newestCheckpoint(RunConfig config, Configuration hadoop) throws IOException;

    /**
     * Trains to the end. Returns at once if {@code resumeFrom} is the run's last checkpoint.
     *
     * @param resumeFrom name from {@link #newestCheckpoint}, or null
     */
    TrainingResult run(RunConfig config, RankContext rank, String resumeFrom) throws Exception;
}
