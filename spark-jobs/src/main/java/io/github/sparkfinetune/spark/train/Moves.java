package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.spark.cluster.Executors;
import io.github.sparkfinetune.spark.cluster.MemoryChecks;
import io.github.sparkfinetune.spark.cluster.Placement;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.apache.spark.SparkContext;

/**
 * Decides when the ranks of a job move to other executors. The number of ranks stays, and so do the bits: where
 * executors are missing, several ranks share one until there are enough executors again.
 */
final class Moves {
    /** Executors that come back must stay this long before ranks move to them. */
    static final Duration STAY = Duration.ofSeconds(5);

    private final SparkContext spark;
    private final ClusterConfig cluster;
    private final Optional<RankMemory> memory;
    private final Placement full;
    private final Placement placement;
    private final LeaveRequest leave;
    private final boolean alone;
    private long roomSince = Long.MAX_VALUE;
    private volatile String left;

    /**
     * @param memory memory of a rank; empty if unknown
     * @param full placement with all executors
     * @param placement placement of this job
     * @param alone whether no other training shares the session's executors
     */
    Moves(
            SparkContext spark,
            ClusterConfig cluster,
            Optional<RankMemory> memory,
            Placement full,
            Placement placement,
            LeaveRequest leave,
            boolean alone) {
        this.spark = spark;
        this.cluster = cluster;
        this.memory = memory;
        this.full = full;
        this.placement = placement;
        this.leave = leave;
        this.alone = alone;
    }

    Placement placement() {
        return placement;
    }

    Placement full() {
        return full;
    }

    /** Returns the number of executors of the full placement. */
    int executors() {
        return (cluster.ranks() + full.perExecutor() - 1) / full.perExecutor();
    }

    /** Returns how long ranks wait for a lost executor before they share those that are left. */
    static Duration patience(ClusterConfig cluster) {
        return Duration.ofSeconds(cluster.startTimeoutSeconds()).dividedBy(2);
    }

    /**
     * Asks the ranks to leave if an executor of theirs is decommissioned, if one is slow while another one is free, or
     * if there are enough executors again for ranks that share them.
     *
     * @param executors executors of the ranks
     * @param slow executor of a rank for which the others wait, if there is one
     */
    void askWhereNeeded(Set<String> executors, Optional<String> slow) {
        slow.filter(executors::contains)
                .filter(executor -> alone && !leave.isAsked())
                .filter(executor -> Executors.canReplace(spark, executors, placement.cores()))
                .ifPresent(executor -> {
                    left = executor;
                    leave.ask("executor " + executor + " is slow and another one is free");
                });
        executors.stream()
                .filter(executor -> Executors.isDecommissioned(spark, executor))
                .findFirst()
                .ifPresent(executor -> leave.ask("executor " + executor + " is decommissioned"));
        int count = alone && placement.perExecutor() > full.perExecutor() ? Executors.count(spark) : 0;
        boolean room = best(count)
                .filter(better -> better.perExecutor() < placement.perExecutor())
                .isPresent();
        roomSince = room ? Math.min(roomSince, System.nanoTime()) : Long.MAX_VALUE;
        if (room && !executors.isEmpty() && System.nanoTime() - roomSince >= STAY.toNanos()) {
            leave.ask(count + " executors are registered");
        }
    }

    /** Gives the slow executor back that the ranks have left, if they have left one. */
    void releaseSlow() {
        if (left != null) {
            Executors.release(spark, left);
        }
    }

    /**
     * Returns whether the ranks have waited long enough for their executors, and could share those that are left.
     *
     * @param idleNanos time since the last rank ran
     */
    boolean isFewerBetterThanWaiting(long idleNanos) {
        return alone
                && idleNanos >= patience(cluster).toNanos()
                && best(Executors.count(spark))
                        .filter(other -> other.perExecutor() > placement.perExecutor())
                        .isPresent();
    }

    /** Returns the placement on so many executors with the fewest ranks on each; empty if the ranks do not fit. */
    Optional<Placement> best(int executors) {
        return full.over(executors, cluster.ranks())
                .filter(chosen -> chosen.perExecutor() == full.perExecutor()
                        || memory.isEmpty()
                        || MemoryChecks.hasRoomFor(spark.getConf(), memory.get(), chosen.perExecutor()));
    }
}
