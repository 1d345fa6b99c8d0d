package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.Objects;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Failed attempts of a training over all its jobs. Ends a training that fails repeatedly without progress. Spark counts
 * the attempts of a job without regard to progress.
 */
final class Attempts {
    private static final Logger LOG = LoggerFactory.getLogger(Attempts.class);

    /** Failed attempts in a row without progress after which the run ends. */
    static final int FUTILE_ATTEMPTS = 3;

    /** The same for attempts that the cluster ended, because it took an executor away. */
    static final int FUTILE_LOSSES = 20;

    private final TrainListener listener;
    private final RecordFeed feed;
    private final Supplier<String> newestCheckpoint;
    private Progress before;
    private int seen;
    private int futile;
    private int futileLosses;

    /**
     * Progress of a run.
     *
     * @param checkpoint newest checkpoint, or null if nothing is saved
     * @param step step of the newest record
     */
    private record Progress(String checkpoint, long step) {
        boolean isBeyond(Progress other) {
            return checkpoint == null ? step > other.step : !Objects.equals(checkpoint, other.checkpoint);
        }
    }

    /** @param newestCheckpoint supplies the name of the newest checkpoint, or null; may be slow and may fail */
    Attempts(TrainListener listener, RecordFeed feed, Supplier<String> newestCheckpoint) {
        this.listener = listener;
        this.feed = feed;
        this.newestCheckpoint = newestCheckpoint;
    }

    /** Begins to count, if it has not begun. */
    synchronized void begin() {
        if (before == null) {
            before = progress();
        }
    }

    /**
     * Checks the failed attempts.
     *
     * @throws RunException if too many attempts in a row have made no progress, for each caller
     */
    synchronized void requireProgress() {
        int failed = listener.failedAttempts();
        if (failed > seen) {
            seen = failed;
            count();
        }
        if (futile >= FUTILE_ATTEMPTS || futileLosses >= FUTILE_LOSSES) {
            throw RunException.failed(
                    "training failed after " + seen + " attempt(s), the last " + (futile + futileLosses) + " without "
                            + (before.checkpoint() == null ? "progress" : "a newer checkpoint") + ": "
                            + String.join("; ", listener.failures())
                            + "; start the same command again to resume from the newest checkpoint",
                    null);
        }
    }

    private void count() {
        Progress now = progress();
        boolean progressed = now.isBeyond(before);
        before = now;
        int losses = listener.isLossOfTheCluster() ? 1 : 0;
        futile = progressed ? 0 : futile + 1 - losses;
        futileLosses = progressed ? 0 : futileLosses + losses;
    }

    private Progress progress() {
        try {
            return new Progress(newestCheckpoint.get(), feed.lastStep());
        } catch (RuntimeException e) {
            // The ranks cannot read the checkpoint either, and report the error.
            LOG.warn("the newest checkpoint is not known: {}", e.toString());
            return new Progress(before == null ? null : before.checkpoint(), feed.lastStep());
        }
    }
}
