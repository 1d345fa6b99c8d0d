package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.cluster.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves the ranks of a job to other executors when theirs are decommissioned, are slow while another one is free, do
 * not come back, or are more again than the job started with. Ends a training that Spark would continue forever: a
 * training that waits for executors which are lost and do not come back, or a training without
 * {@link Attempts#requireProgress progress}. Spark has no time limit for the wait.
 */
final class Watchdog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

    private static final long CHECK_MILLIS = 200;

    private final SparkContext spark;
    private final ClusterConfig cluster;
    private final TrainListener listener;
    private final RecordFeed feed;
    private final Attempts attempts;
    private final Runnable cancel;
    private final Moves moves;
    private final Thread thread;
    private volatile RunException failure;
    private volatile boolean moved;

    /**
     * Starts to watch the training.
     *
     * @param attempts failed attempts of all jobs
     * @param moves decides about the executors of the job's ranks
     * @param cancel ends the job
     */
    Watchdog(
            SparkContext spark,
            ClusterConfig cluster,
            TrainListener listener,
            RecordFeed feed,
            Attempts attempts,
            Moves moves,
            Runnable cancel) {
        this.spark = spark;
        this.cluster = cluster;
        this.listener = listener;
        this.feed = feed;
        this.attempts = attempts;
        this.moves = moves;
        this.cancel = cancel;
        this.thread = new Thread(this::watch, "train-watchdog");
        listener.watchFromNow();
        thread.setDaemon(true);
        thread.start();
    }

    private void watch() {
        try {
            attempts.begin();
            while (true) {
                moves.askWhereNeeded(listener.executors(), feed.slowExecutor());
                if (moves.isFewerBetterThanWaiting(listener.idleNanos())) {
                    moved = true;
                    cancel.run();
                    return;
                }
                requireRunningRanks();
                attempts.requireProgress();
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
        if (Executors.areBusy(spark, moves.executors())) {
            LOG.warn("the ranks wait until the executors have ended tasks of other jobs of this session");
            listener.watchFromNow();
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
