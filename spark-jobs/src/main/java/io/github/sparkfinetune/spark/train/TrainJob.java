package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.cluster.ClusterChecks;
import io.github.sparkfinetune.spark.cluster.MemoryChecks;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.cluster.SparkVersions;
import io.github.sparkfinetune.spark.cluster.TrainingTurn;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.run.OutputFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains on Spark with one barrier task per rank. The barrier stage is a ShuffleMapStage, because its few rows are
 * repartitioned to one partition. Spark repeats such a stage when a rank is lost, while a lost rank in a barrier
 * ResultStage ends the job. The stage is repeated while the {@link Watchdog} sees progress.
 */
public final class TrainJob {
    private static final Logger LOG = LoggerFactory.getLogger(TrainJob.class);

    /** File in the output folder during training: the {@link Lease} of the run. */
    public static final String MARK = "_TRAINING";

    private TrainJob() {}

    /** Runs {@link #run(SparkSession, RunConfig, RankBody, Consumer)} with fine-tuning as the ranks' work. */
    public static TrainingResult run(SparkSession session, RunConfig config, Consumer<TrainingRecord> records) {
        return run(session, config, Extent.REST, records);
    }

    /** Fine-tunes like {@link #run(SparkSession, RunConfig, Consumer)}, to the end of an extent. */
    public static TrainingResult run(
            SparkSession session, RunConfig config, Extent extent, Consumer<TrainingRecord> records) {
        RankBody body = new FineTunerBody(extent.until());
        return run(session, config, body, extent.together(), records, new SecureRandom());
    }

    /**
     * Trains to the end, from the newest committed checkpoint in the output folder.
     *
     * @param config configuration; relative paths are resolved against the driver's default file system
     * @param records consumer of every record, once and in the order of the steps, during the training and before this
     *     method returns. One thread at a time calls it, not the caller's thread. An exception of the consumer ends the
     *     training.
     * @return result of rank 0, with the highest {@code peakRssBytes} of all ranks
     * @throws RunException with exit code 2 if the run cannot start with its configuration, 3 for bad data or a bad
     *     model, 4 if the training failed or another driver trains into the folder
     */
    public static TrainingResult run(
            SparkSession session, RunConfig config, RankBody body, Consumer<TrainingRecord> records) {
        return run(session, config, body, 1, records, new SecureRandom());
    }

    /**
     * @param together trainings of as many ranks in the session at a time
     * @param random source of the jobs' ids and of the ranks' secrets
     */
    static TrainingResult run(
            SparkSession session,
            RunConfig config,
            RankBody body,
            int together,
            Consumer<TrainingRecord> records,
            SecureRandom random) {
        SparkContext spark = session.sparkContext();
        int ranks = config.cluster().ranks();
        Checked checked = check(session, config, body);
        RunConfig resolved = checked.config();
        RecordAccumulator accumulator = new RecordAccumulator();
        spark.register(accumulator);
        TrainingSource source = new TrainingSource();
        RecordFeed feed = new RecordFeed(record -> {
            source.add(record);
            records.accept(record);
        });
        String group = "train-" + UUID.randomUUID();
        Runnable cancel = () -> spark.cancelJobGroup(group);
        TrainListener listener = new TrainListener(group, accumulator.id(), feed, cancel);
        spark.addSparkListener(listener);
        spark.setJobGroup(
                group,
                "train " + resolved.model() + " on " + ranks + " rank(s) into "
                        + resolved.output().dir(),
                true);
        Lease lease = null;
        try {
            Path folder = new Path(resolved.output().dir());
            lease = Lease.await(
                    HadoopFiles.fileSystem(folder, spark.hadoopConfiguration()),
                    new Path(folder, MARK),
                    Lease.LENGTH,
                    cancel);
            RunConfig held = body.hold(resolved, spark.hadoopConfiguration());
            OutputFolder.pin(held, spark.hadoopConfiguration());
            List<RankOutcome> outcomes;
            try (TrainingTurn turn = TrainingTurn.await(spark, held, together)) {
                if (!lease.renew()) {
                    throw lease.lost(null);
                }
                RankJobs jobs = new RankJobs(spark, held, body, checked.memory(), accumulator, feed, listener, cancel);
                outcomes = jobs.run(turn, together, random);
            }
            feed.accept(accumulator.value());
            feed.rethrow();
            TrainingResult result = result(outcomes);
            body.release(held, result, spark.hadoopConfiguration());
            return result;
        } catch (RunException e) {
            throw e;
        } catch (Exception e) {
            cancel.run();
            feed.rethrow();
            throw lease != null && lease.isLost() ? lease.lost(e) : failed(spark, listener, e);
        } finally {
            release(lease);
            source.close();
            spark.removeSparkListener(listener);
            spark.clearJobGroup();
        }
    }

    private static void release(Lease lease) {
        try {
            if (lease != null) {
                lease.release(false);
            }
        } catch (IOException e) {
            LOG.warn("the folder's lease ends by itself in {} s: {}", Lease.LENGTH.toSeconds(), e.getMessage());
        }
    }

    /**
     * Checks a run before any long work, and claims the output folder for this run.
     *
     * @return the same run with absolute paths
     * @throws RunException that names the setting to change
     */
    public static RunConfig check(SparkSession session, RunConfig config) {
        return check(session, config, new FineTunerBody(Long.MAX_VALUE)).config();
    }

    /**
     * Run that may start.
     *
     * @param config configuration with absolute paths
     * @param memory memory of a rank; empty if unknown
     */
    private record Checked(RunConfig config, Optional<RankMemory> memory) {}

    private static Checked check(SparkSession session, RunConfig config, RankBody body) {
        SparkSessions.requireSerializer(session);
        SparkContext spark = session.sparkContext();
        ClusterChecks.check(spark.getConf(), config);
        SparkVersions.requireStageResources(spark);
        RunConfig resolved = OutputFolder.pinned(
                RunPaths.resolve(config, spark.master(), spark.hadoopConfiguration()), spark.hadoopConfiguration());
        Optional<RankMemory> memory;
        try {
            body.check(resolved, spark.hadoopConfiguration());
            memory = body.memory(resolved, spark.hadoopConfiguration());
        } catch (IOException e) {
            throw new UncheckedIOException(resolved.model() + " cannot be read", e);
        }
        memory.ifPresent(rank -> MemoryChecks.require(spark.getConf(), resolved, rank));
        OutputFolder.claim(resolved, spark.hadoopConfiguration());
        return new Checked(resolved, memory);
    }

    private static TrainingResult result(List<RankOutcome> outcomes) {
        List<RankOutcome> byRank = outcomes.stream()
                .sorted(Comparator.comparingInt(RankOutcome::rank))
                .toList();
        for (RankOutcome outcome : byRank) {
            if (outcome.kind() == RankOutcome.Kind.FATAL) {
                throw outcome.toException();
            }
        }
        return byRank.get(0)
                .result()
                .withPeakRssBytes(byRank.stream()
                        .mapToLong(outcome -> outcome.result().peakRssBytes())
                        .max()
                        .orElseThrow());
    }

    private static RunException failed(SparkContext spark, TrainListener listener, Exception error) {
        if (error instanceof InterruptedException) {
            Thread.currentThread().interrupt();
            return RunException.failed("the training was interrupted", error);
        }
        RankJobs.awaitListeners(spark, error);
        List<String> failures = listener.failures();
        String why = failures.isEmpty()
                ? String.valueOf(error.getMessage()).lines().findFirst().orElse("")
                : String.join("; ", failures);
        return RunException.failed(
                "training failed after " + listener.failedAttempts() + " attempt(s): " + why
                        + "; start the same command again to resume from the newest checkpoint",
                error);
    }
}
