package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.spark.cluster.EndHook;
import io.github.sparkfinetune.spark.cluster.Executors;
import io.github.sparkfinetune.spark.cluster.Master;
import io.github.sparkfinetune.spark.cluster.Placement;
import io.github.sparkfinetune.spark.cluster.TrainingTurn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Jobs of the ranks of a training, one after the other: the first, and another one whenever the ranks move to other
 * executors or Spark gives up a stage that makes progress.
 */
final class RankJobs {
    private static final Logger LOG = LoggerFactory.getLogger(RankJobs.class);
    private static final long LISTENERS_MILLIS = 10_000;
    private static final String ATTEMPTS = "spark.stage.maxConsecutiveAttempts";
    private static final int SPARKS_ATTEMPTS = 4;

    private final SparkContext spark;
    private final RunConfig config;
    private final ClusterConfig cluster;
    private final RankBody body;
    private final Optional<RankMemory> memory;
    private final RecordAccumulator records;
    private final RecordFeed feed;
    private final TrainListener listener;
    private final Runnable cancel;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Attempts attempts;
    /** True if the ranks of the last job have waited for lost executors. */
    private boolean haveWaited;

    private LeaveRequest request;
    private boolean processEnds;

    /**
     * @param memory memory of a rank; empty if unknown
     * @param records registered accumulator
     * @param cancel ends the job that is running
     */
    RankJobs(
            SparkContext spark,
            RunConfig config,
            RankBody body,
            Optional<RankMemory> memory,
            RecordAccumulator records,
            RecordFeed feed,
            TrainListener listener,
            Runnable cancel) {
        this.spark = spark;
        this.config = config;
        this.cluster = config.cluster();
        this.body = body;
        this.memory = memory;
        this.records = records;
        this.feed = feed;
        this.listener = listener;
        this.cancel = cancel;
        this.attempts = new Attempts(listener, feed, this::newestCheckpoint);
    }

    /**
     * Runs the jobs until a job ends with the outcomes of all ranks.
     *
     * @param turn turn of this training among those of the session
     * @param together trainings of as many ranks in the session at a time
     */
    List<RankOutcome> run(TrainingTurn turn, int together, SecureRandom random) throws Exception {
        Runnable leave = this::leave;
        EndHook.add(leave, EndHook.STEP.plusSeconds(5));
        try {
            return runUntilDone(turn, together, random);
        } finally {
            ended.countDown();
            EndHook.remove(leave);
        }
    }

    private List<RankOutcome> runUntilDone(TrainingTurn turn, int together, SecureRandom random) throws Exception {
        Executors.await(spark, config);
        Placement full = Placement.of(spark, config, cluster.ranks() * together);
        if (cluster.ranks() * together > 1) {
            full.requireNoRoomForMore(spark);
        }
        turn.keep(spark, full, cluster.ranks());
        Placement placement = full;
        for (int number = 0; ; number++) {
            RankTask.Job job = RankTask.Job.draw(number, random);
            try (LeaveRequest leave = new LeaveRequest(job.id())) {
                follow(leave);
                Moves moves = new Moves(spark, cluster, memory, full, placement, leave, together == 1);
                Optional<List<RankOutcome>> outcomes = run(job, moves);
                if (outcomes.isPresent()) {
                    return outcomes.get();
                }
                requireProcess();
                moves.releaseSlow();
                placement = next(moves, haveWaited ? Duration.ZERO : Moves.patience(cluster));
            }
        }
    }

    private synchronized void follow(LeaveRequest newest) {
        request = newest;
        if (processEnds) {
            newest.ask("the driver ends");
        }
    }

    /** Lets the ranks save what they have done before this process ends. */
    private void leave() {
        if (Master.parse(spark.master()).isLocal()) {
            // The ranks are threads of this process, and leave without a request.
            return;
        }
        synchronized (this) {
            processEnds = true;
            if (request == null || listener.executors().isEmpty()) {
                return;
            }
            request.ask("the driver ends");
        }
        try {
            if (!ended.await(EndHook.STEP.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("the driver ends before a step is saved");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void requireProcess() {
        if (processEnds) {
            throw RunException.failed(
                    "the driver ended; start the same command again to resume from the newest checkpoint", null);
        }
    }

    /** Returns the outcomes of a job, or empty if the ranks continue in another one. */
    private Optional<List<RankOutcome>> run(RankTask.Job job, Moves moves) throws Exception {
        int failedBefore = listener.failedAttempts();
        haveWaited = false;
        try (Watchdog watchdog = new Watchdog(spark, cluster, listener, feed, attempts, moves, cancel)) {
            try {
                List<RankOutcome> outcomes = collect(job, moves.placement());
                boolean moved = outcomes.stream().anyMatch(outcome -> outcome.kind() == RankOutcome.Kind.MOVED);
                return moved ? Optional.empty() : Optional.of(outcomes);
            } catch (Exception e) {
                // Spark's Scala code throws checked exceptions that it does not declare. The watchdog knows why it
                // cancelled a job.
                watchdog.rethrow();
                awaitListeners(spark, e);
                boolean allUsed = listener.failedAttempts() - failedBefore
                        >= spark.getConf().getInt(ATTEMPTS, SPARKS_ATTEMPTS);
                haveWaited = watchdog.hasMovedRanks();
                if (!haveWaited && !allUsed) {
                    throw e;
                }
                attempts.requireProgress();
                return Optional.empty();
            }
        }
    }

    private List<RankOutcome> collect(RankTask.Job job, Placement placement) {
        SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
        RankTask task = new RankTask(config, body, hadoop, records, job, placement);
        List<Integer> rows = IntStream.range(0, cluster.ranks()).boxed().toList();
        ClassTag<RankOutcome> tag = ClassTag$.MODULE$.apply(RankOutcome.class);
        RDD<RankOutcome> outcomes = new JavaSparkContext(spark)
                .parallelize(rows, cluster.ranks())
                .rdd()
                .barrier()
                .mapPartitions(task, false, tag);
        return new JavaRDD<>(placement.place(outcomes), tag).repartition(1).collect();
    }

    /** Returns the placement on the executors that register within some time, or at the latest in the start timeout. */
    private Placement next(Moves moves, Duration patience) throws InterruptedException {
        int needed = moves.executors();
        if (!Executors.await(spark, needed, patience)) {
            int count = Executors.count(spark);
            Optional<Placement> fewer = moves.best(count);
            if (fewer.isPresent()) {
                LOG.warn(
                        "{} of {} executors are left: up to {} ranks share one until there are {} again",
                        count,
                        needed,
                        fewer.get().perExecutor(),
                        needed);
                return fewer.get();
            }
            Executors.await(spark, config);
        }
        return moves.full();
    }

    private String newestCheckpoint() {
        try {
            return body.newestCheckpoint(config, spark.hadoopConfiguration());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits until Spark's listeners know how the ranks ended. */
    static void awaitListeners(SparkContext spark, Exception error) {
        try {
            spark.listenerBus().waitUntilEmpty(LISTENERS_MILLIS);
        } catch (TimeoutException late) {
            error.addSuppressed(late);
        }
    }
}
