package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.cluster.Executors;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the ranks of a job to other executors when theirs are decommissioned, are slow while another one is free, do
 * not come back, or are more again than the job started with. Ends a training that Spark would continue forever: a
 * training that waits for executors which do not come back, or a training that fails repeatedly without progress. Spark
 * has no time limit for the wait, and counts attempts without regard to progress.
 */
final class Watchdog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

    /** Failed attempts in a row without progress after which the run ends. */
    static final int FUTILE_ATTEMPTS = 3;

    /** The same for attempts that the cluster ended, because it took an executor away. */
    static final int FUTILE_LOSSES = 20;

    private static final long CHECK_MILLIS = 200;

    private final SparkContext spark;
    private final ClusterConfig cluster;
    private final TrainListener listener;
    private final RecordFeed feed;
    private final Supplier<String> newestCheckpoint;
    private final Runnable cancel;
    private final Moves moves;
    private final Thread thread;
    private Progress before;
    private int attemptsSeen;
    private int futile;
    private int futileLosses;
    private volatile RunException failure;
    private volatile boolean moved;

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

    /**
     * Starts to watch the training.
     *
     * @param newestCheckpoint supplies the name of the newest checkpoint, or null; may be slow and may fail
     * @param moves decides about the executors of the job's ranks
     * @param cancel ends the job
     */
    Watchdog(
            SparkContext spark,
            ClusterConfig cluster,
            TrainListener listener,
            RecordFeed feed,
            Supplier<String> newestCheckpoint,
            Moves moves,
            Runnable cancel) {
        this.spark = spark;
        this.cluster = cluster;
        this.listener = listener;
        this.feed = feed;
        this.newestCheckpoint = newestCheckpoint;
        this.moves = moves;
        this.cancel = cancel;
        this.thread = new Thread(this::watch, "train-watchdog");
        listener.watchFromNow();
        attemptsSeen = listener.failedAttempts();
        thread.setDaemon(true);
        thread.start();
    }

    private void watch() {
        try {
            before = progress();
            while (true) {
                moves.askWhereNeeded(listener.executors(), feed.slowExecutor());
                if (moves.isFewerBetterThanWaiting(listener.idleNanos())) {
                    moved = true;
                    cancel.run();
                    return;
                }
                requireRunningRanks();
                requireProgress();
                requireRanksApart();
                Thread.sleep(CHECK_MILLIS);
            }
        } catch (RunException e) {
            failure = e;
            cancel.run();
        } catch (InterruptedException e) {
            // The watchdog is closed.
            Thread.currentThread().interrupt();
        }
    }

    private void requireRunningRanks() {
        if (listener.idleNanos() < TimeUnit.SECONDS.toNanos(cluster.startTimeoutSeconds())) {
            return;
        }
        String loss = listener.lastLoss();
        throw RunException.failed(
                "no rank has run for " + cluster.startTimeoutSeconds() + " s: " + Executors.count(spark) + " of "
                        + cluster.ranks() + " executors are registered" + (loss == null ? "" : " (" + loss + ")")
                        + ": check that " + spark.master() + " has room for " + cluster.ranks()
                        + ", or raise cluster.start_timeout_seconds; start the same command again to resume from the"
                        + " newest checkpoint",
                null);
    }

    private void requireProgress() {
        int failed = listener.failedAttempts();
        if (failed <= attemptsSeen) {
            return;
        }
        attemptsSeen = failed;
        Progress now = progress();
        boolean progressed = now.isBeyond(before);
        before = now;
        int losses = listener.isLossOfTheCluster() ? 1 : 0;
        futile = progressed ? 0 : futile + 1 - losses;
        futileLosses = progressed ? 0 : futileLosses + losses;
        if (futile >= FUTILE_ATTEMPTS || futileLosses >= FUTILE_LOSSES) {
            throw RunException.failed(
                    "training failed after " + failed + " attempt(s), the last " + (futile + futileLosses) + " without "
                            + (now.checkpoint() == null ? "progress" : "a newer checkpoint") + ": "
                            + String.join("; ", listener.failures())
                            + "; start the same command again to resume from the newest checkpoint",
                    null);
        }
    }

    /**
     * Refuses ranks that share an executor. The replacement of a lost executor may have more cores than the executors
     * at the start.
     */
    private void requireRanksApart() {
        int most = listener.mostOnOneExecutor();
        int planned = moves.placement().perExecutor();
        if (most > planned) {
            throw RunException.config(most + " ranks share an executor that is planned for " + planned
                    + ", because executors have different numbers of cores: set spark.executor.cores");
        }
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

    /** Throws the reason for which the watchdog ended the run, if any. */
    void rethrow() {
        if (failure != null) {
            throw failure;
        }
    }

    /** Returns whether the watchdog ended the job because its ranks have waited for executors that are missing. */
    boolean hasMovedRanks() {
        return moved;
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
