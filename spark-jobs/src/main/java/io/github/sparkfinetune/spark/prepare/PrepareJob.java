package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.run.RunPaths;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Raw text to a prepared dataset, in two passes. The first reads and cleans every row, counts rows, labels and reasons,
 * and finds which rows are held out; whatever is wrong with the text is known then. The second reads again, tokenizes,
 * and shuffles by a hash of the content into as many ranges as there are shards, so that the files do not depend on the
 * cluster or on how the source is cut. Between the two {@link DocumentComparison} finds documents to leave out for
 * others, where {@code data.corpus} asks for it, and {@link Quarantine} writes those that are left out. Counts and
 * label names are all that the driver ever sees.
 */
public final class PrepareJob {
    private static final Logger LOG = LoggerFactory.getLogger(PrepareJob.class);

    /** Longer than the reaper of {@link SparkSessions} gives a task that is killed. */
    private static final Duration TASKS_END = Duration.ofSeconds(40);

    private PrepareJob() {}

    /**
     * Prepares the run's dataset, or finds it prepared already.
     *
     * @return the manifest of the dataset in {@code data.dir}
     * @throws RunException if the text, the tokenizer or the folder cannot be used
     */
    public static Manifest run(SparkSession spark, RunConfig config) {
        SparkSessions.requireSerializer(spark);
        spark.sparkContext().setJobDescription("prepare: find the sources of " + config.dataset());
        try {
            return prepare(spark, config);
        } catch (IOException e) {
            throw Errors.explain("prepare of " + config.dataset(), e);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
    }

    private static Manifest prepare(SparkSession spark, RunConfig config) throws IOException {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        DataConfig data = config.data();
        TokenizerFiles tokenizer = tokenizer(config, hadoop);
        TaskData<?> task = TaskDatas.of(config);
        task.check(tokenizer);
        List<SourceFiles> sources = Sources.of(spark, data);
        DatasetOptions options =
                task.options(tokenizer).withFormat(sources.get(0).format());
        List<Manifest.Source> sourceList =
                sources.stream().map(SourceFiles::toManifest).toList();
        Path path = new Path(RunPaths.absolute("data.dir", config.dataset(), hadoop));
        DatasetFolder folder = new DatasetFolder(path, hadoop);
        Optional<Manifest> finished = folder.finished(config.task(), options, sourceList);
        if (finished.isPresent()) {
            LOG.info("{} is already prepared with the same text and options: it is used as it is", path);
            folder.settle(finished.get());
            Preparation.requireStrict(data, finished.get().warnings());
            return finished.get();
        }
        if (data.corpus().filtering().quarantine() != null) {
            Quarantine.check(data.corpus().filtering().quarantine(), hadoop);
        }
        try (JobGroup jobs = new JobGroup(spark.sparkContext(), "prepare-" + UUID.randomUUID(), "prepare " + path)) {
            String run = folder.begin(Lease.LENGTH, jobs::cancel);
            try {
                Optional<Manifest> meanwhile = folder.finished(config.task(), options, sourceList);
                if (meanwhile.isPresent()) {
                    folder.abandon(true);
                    return meanwhile.get();
                }
                DatasetOptions sized =
                        options.storage().shards() == 0 ? options.withShards(Sources.shards(sources)) : options;
                Manifest manifest = new Preparation<>(spark, config, task, tokenizer, sources, sized, path, run).run();
                folder.finish(manifest);
                return manifest;
            } catch (Error e) {
                // A full heap, say, after which a session lives on.
                abandon(folder, jobs, e);
                throw e;
            } catch (Exception e) {
                // Exception, because Spark's Scala code throws checked ones undeclared.
                RuntimeException error = folder.isLost()
                        ? folder.lost(e)
                        : Errors.explain("prepare of " + sources.get(0).path(), e);
                abandon(folder, jobs, error);
                throw error;
            }
        }
    }

    private static void abandon(DatasetFolder folder, JobGroup jobs, Throwable error) {
        jobs.cancel();
        try {
            folder.abandon(jobs.awaitTasks(TASKS_END));
        } catch (IOException left) {
            error.addSuppressed(left);
        }
    }

    /**
     * What is slow about reading a run's sources, a line each; of files alone, without a session.
     *
     * @param config paths may be relative
     * @throws RunException if one is not there
     */
    public static List<String> slowSources(RunConfig config, Configuration hadoop) {
        return Sources.slow(config.data(), hadoop);
    }

    /**
     * Inputs to predict, texts to label or prompts to go on from: read, cleaned and tokenized as {@link #run} does, in
     * the order of the source, rows that cannot be used included. They need no label and no answer.
     *
     * @param source in the format of {@code data.format}
     * @param partitionBytes text of a partition: those of files depend on nothing else of the job or the cluster, those
     *     of a table are the session's
     * @param tasks fewest partitions
     * @param most partitions
     */
    public static JavaRDD<TaskInput> inputs(
            SparkSession spark, RunConfig config, SourceFiles source, long partitionBytes, int tasks, int most) {
        try {
            return inputs(spark, config, TaskDatas.of(config), source, partitionBytes, tasks, most);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static <C> JavaRDD<TaskInput> inputs(
            SparkSession spark,
            RunConfig config,
            TaskData<C> task,
            SourceFiles source,
            long partitionBytes,
            int tasks,
            int most)
            throws IOException {
        TokenizerFiles tokenizer = tokenizer(config, spark.sparkContext().hadoopConfiguration());
        JavaRDD<CleanRow<C>> rows = SourceReader.alike(spark, tokenizer, config.data(), partitionBytes)
                .read(source, task, false)
                .rdd();
        Broadcast<TokenizerFiles> files =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(tokenizer);
        return InputRows.of(
                rows.getNumPartitions() > most ? rows.coalesce(most) : rows,
                partition -> TokenizingIterator.of(files.value(), partition, open -> task.inputs(open, files.value())),
                tasks);
    }

    /** The tokenizer of a run. */
    public static TokenizerFiles tokenizer(RunConfig config, Configuration hadoop) throws IOException {
        TokenizerFiles files = TaskDatas.tokenizer(
                new Path(RunPaths.absolute("model", config.base().model(), hadoop)),
                config,
                Architectures::positions,
                hadoop);
        // The native library refuses a bad file here, in milliseconds, instead of in a task.
        TextTokenizer.open(files).close();
        return files;
    }
}
