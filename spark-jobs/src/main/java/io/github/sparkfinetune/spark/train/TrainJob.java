package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.cluster.ClusterChecks;
import io.github.sparkfinetune.spark.cluster.Executors;
import io.github.sparkfinetune.spark.cluster.MemoryChecks;
import io.github.sparkfinetune.spark.cluster.Placement;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.cluster.SparkVersions;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.run.OutputFolder;
import io.github.sparkfinetune.spark.run.RunPaths;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.SecureRandom;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;

/**
 * Trains on Spark with one barrier task per rank. The barrier stage is a ShuffleMapStage, because its few rows are
 * repartitioned to one partition. Spark repeats such a stage when a rank is lost, while a lost rank in a barrier
 * ResultStage ends the job. The stage is repeated at most {@code spark.stage.maxConsecutiveAttempts} times, and only
 * while the {@link Watchdog} sees progress.
 */
public final class TrainJob {
    private static final Logger LOG = LoggerFactory.getLogger(TrainJob.class);
    private static final int SECRET_BYTES = 32;
    private static final int RUN_ID_BYTES = 8;
    private static final long LISTENERS_MILLIS = 10_000;

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
     * @param random source of the run's id and of the ranks' secret
     */
    static TrainingResult run(
            SparkSession session,
            RunConfig config,
            RankBody body,
            int together,
            Consumer<TrainingRecord> records,
            SecureRandom random) {
        SparkContext spark = session.sparkContext();
        int ranks = config.compute().cluster().ranks();
        RunConfig resolved = check(session, config, body);
        String runId = HexFormat.of().formatHex(draw(random, RUN_ID_BYTES));
        RecordAccumulator accumulator = new RecordAccumulator();
        spark.register(accumulator);
        TrainingSource source = new TrainingSource();
        RecordFeed feed = new RecordFeed(record -> {
            source.add(record);
            records.accept(record);
        });
        String group = "train-" + runId;
        Runnable cancel = () -> spark.cancelJobGroup(group);
        TrainListener listener = new TrainListener(group, accumulator.id(), feed, cancel);
        spark.addSparkListener(listener);
        spark.setJobGroup(
                group,
                "train " + resolved.base().model() + " on " + ranks + " rank(s) into "
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
            Executors.await(spark, resolved);
            Placement placement = Placement.of(spark, resolved, ranks * together);
            if (ranks * together > 1) {
                placement.requireNoRoomForMore(spark);
            }
            SerializableConfiguration hadoop = new SerializableConfiguration(spark.hadoopConfiguration());
            RankTask task =
                    new RankTask(resolved, body, hadoop, accumulator, runId, draw(random, SECRET_BYTES), placement);
            List<RankOutcome> outcomes;
            Supplier<String> saved = () -> newestCheckpoint(body, resolved, spark.hadoopConfiguration());
            try (Watchdog watchdog = new Watchdog(
                    spark, resolved.compute().cluster(), listener, feed, saved, placement.perExecutor(), cancel)) {
                outcomes = collect(spark, ranks, task, placement, watchdog);
            }
            feed.accept(accumulator.value());
            feed.rethrow();
            return result(outcomes);
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
        return check(session, config, new FineTunerBody(Long.MAX_VALUE));
    }

    private static RunConfig check(SparkSession session, RunConfig config, RankBody body) {
        SparkSessions.requireSerializer(session);
        SparkContext spark = session.sparkContext();
        ClusterChecks.check(spark.getConf(), config);
        SparkVersions.requireStageResources(spark);
        RunConfig resolved = RunPaths.resolve(config, spark.master(), spark.hadoopConfiguration());
        try {
            body.check(resolved, spark.hadoopConfiguration());
            body.memory(resolved, spark.hadoopConfiguration())
                    .ifPresent(rank -> MemoryChecks.require(spark.getConf(), resolved, rank));
        } catch (IOException e) {
            throw new UncheckedIOException(resolved.base().model() + " cannot be read", e);
        }
        OutputFolder.claim(resolved, spark.hadoopConfiguration());
        return resolved;
    }

    private static byte[] draw(SecureRandom random, int bytes) {
        byte[] drawn = new byte[bytes];
        random.nextBytes(drawn);
        return drawn;
    }

    private static String newestCheckpoint(RankBody body, RunConfig config, Configuration hadoop) {
        try {
            return body.newestCheckpoint(config, hadoop);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<RankOutcome> collect(
            SparkContext spark, int ranks, RankTask task, Placement placement, Watchdog watchdog) {
        List<Integer> rows = IntStream.range(0, ranks).boxed().toList();
        ClassTag<RankOutcome> tag = ClassTag$.MODULE$.apply(RankOutcome.class);
        RDD<RankOutcome> outcomes = new JavaSparkContext(spark)
                .parallelize(rows, ranks)
                .rdd()
                .barrier()
                .mapPartitions(task, false, tag);
        try {
            return new JavaRDD<>(placement.place(outcomes), tag).repartition(1).collect();
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare. The watchdog knows why it
            // cancelled a job.
            watchdog.rethrow();
            throw e;
        }
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
        try {
            spark.listenerBus().waitUntilEmpty(LISTENERS_MILLIS);
        } catch (TimeoutException late) {
            error.addSuppressed(late);
        }
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
