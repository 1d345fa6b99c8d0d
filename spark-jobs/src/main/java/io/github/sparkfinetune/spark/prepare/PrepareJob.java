package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.core.predict.TeacherFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.redact.SubjectKey;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.data.task.registry.TaskDatas;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.cluster.Errors;
import io.github.sparkfinetune.spark.cluster.JobGroup;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.corpus.NearDuplicates;
import io.github.sparkfinetune.spark.corpus.Quarantine;
import io.github.sparkfinetune.spark.prepare.generation.Increment;
import io.github.sparkfinetune.spark.prepare.generation.TableFiles;
import io.github.sparkfinetune.spark.run.Lease;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceListing;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
 * Prepares a dataset from raw text in two passes. The first pass reads and cleans every row, counts rows, labels and
 * reasons, and decides which rows are held out. All faults of the text are known after this pass. The second pass reads
 * the rows again, tokenizes them, and shuffles them by a hash of the content into as many ranges as there are shards.
 * The files therefore do not depend on the cluster or on the partitions of the source.
 *
 * <p>Between the passes, {@link DocumentComparison} finds documents that {@code data.corpus} leaves out for other
 * documents, and {@link Quarantine} writes the rows that are left out. The driver receives only counts and label names.
 */
public final class PrepareJob {
    private static final Logger LOG = LoggerFactory.getLogger(PrepareJob.class);

    /** Longer than the time that the reaper of {@link SparkSessions} gives a killed task. */
    private static final Duration TASKS_END = Duration.ofSeconds(40);

    private static final long SHINGLES_TO_REPORT = 1L << 30;

    private PrepareJob() {}

    /**
     * Prepares the run's dataset, or returns the dataset if it is prepared already.
     *
     * @return manifest of the dataset in {@code data.dir}
     * @throws RunException if the text, the tokenizer or the folder cannot be used
     */
    public static Manifest run(SparkSession spark, RunConfig config) {
        return run(spark, config, Optional.empty());
    }

    /**
     * Prepares rows to measure a model on: a dataset whose only rows are those of {@code data.test}. Nothing else of
     * the sources is read.
     *
     * @param labels names of the model's labels by id
     * @return manifest of the dataset in {@code data.dir}
     * @throws RunException if a row has another label, or the rows or the folder cannot be used
     */
    public static Manifest measured(SparkSession spark, RunConfig config, List<String> labels) {
        return run(spark, config, Optional.of(labels));
    }

    /** @param known labels of the model that is measured; empty for rows to train on */
    private static Manifest run(SparkSession spark, RunConfig config, Optional<List<String>> known) {
        SparkSessions.requireSerializer(spark);
        spark.sparkContext().setJobDescription("prepare: find the sources of " + config.dataset());
        try {
            return prepare(spark, config, known);
        } catch (IOException e) {
            throw Errors.explain("prepare of " + config.dataset(), e);
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
    }

    private static Manifest prepare(SparkSession spark, RunConfig config, Optional<List<String>> known)
            throws IOException {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        DataConfig data = config.data();
        TokenizerFiles tokenizer = tokenizer(config, hadoop);
        TaskData<?> task = TaskDatas.of(config);
        task.check(tokenizer);
        TeacherFolder.check(AbsolutePaths.of(config, hadoop), hadoop);
        Calibration.requireHeldOut(config);
        List<SourceFiles> sources = known.isEmpty()
                ? Sources.of(spark, data)
                : List.of(Sources.of(spark, data, "data.test", Manifest.TEST, data.test()));
        DatasetOptions options = task.options(tokenizer)
                .withFormat(sources.get(0).format())
                .withSubjectKey(SubjectKey.of(data).map(SubjectKey::fingerprint).orElse(null));
        List<Manifest.Source> sourceList =
                sources.stream().map(SourceFiles::toManifest).toList();
        Path path = new Path(AbsolutePaths.of("data.dir", config.dataset(), hadoop));
        DatasetFolder folder = new DatasetFolder(path, hadoop);
        Optional<Manifest> finished = folder.finished(config.task(), options, sourceList);
        if (finished.isPresent()) {
            LOG.info("{} is already prepared with the same text and options: the dataset is used as it is", path);
            folder.settle();
            Preparation.requireStrict(data, finished.get().warnings());
            return finished.get();
        }
        if (data.corpus().quarantine() != null) {
            Quarantine.check(data.corpus().quarantine(), hadoop);
        }
        try (JobGroup jobs = new JobGroup(spark.sparkContext(), "prepare-" + UUID.randomUUID(), "prepare " + path)) {
            String run = folder.begin(Lease.LENGTH, jobs::cancel);
            try {
                Optional<Manifest> meanwhile = folder.finished(config.task(), options, sourceList);
                if (meanwhile.isPresent()) {
                    folder.abandon(true);
                    return meanwhile.get();
                }
                DatasetOptions sized = options.shards() == 0 ? options.withShards(Sources.shards(sources)) : options;
                Preparation.Output output = new Preparation.Output(path, run, Optional.empty(), known);
                Manifest manifest = data.incremental()
                        ? grow(spark, config, task, tokenizer, sized, output)
                        : new Preparation<>(spark, config, task, tokenizer, sources, sized, output).run();
                folder.finish(manifest);
                return manifest;
            } catch (Error e) {
                // For example a full heap, after which a session continues.
                abandon(folder, jobs, e);
                throw e;
            } catch (Exception e) {
                // Spark's Scala code throws checked exceptions that it does not declare.
                RuntimeException error = folder.isLost()
                        ? folder.lost(e)
                        : Errors.explain("prepare of " + sources.get(0).path(), e);
                abandon(folder, jobs, error);
                throw error;
            }
        }
    }

    /** Prepares the next generation of a dataset that grows, and returns the manifest of all generations. */
    private static Manifest grow(
            SparkSession spark,
            RunConfig config,
            TaskData<?> task,
            TokenizerFiles tokenizer,
            DatasetOptions options,
            Preparation.Output output)
            throws IOException {
        Configuration hadoop = spark.sparkContext().hadoopConfiguration();
        Path dataset = output.dataset();
        Optional<Manifest> earlier =
                Manifest.exists(dataset, hadoop) ? Optional.of(Manifest.read(dataset, hadoop)) : Optional.empty();
        // Listed under the lease: a file that another run has added must not seem to be removed.
        List<SourceListing> sources = Sources.listed(spark, config.data()).stream()
                .map(source -> TableFiles.of(spark, source))
                .toList();
        Increment increment = Increment.of(spark, dataset, earlier, sources);
        increment.require(config.data());
        if (increment.isEmpty()) {
            // For example a table with another version, but the same files.
            return increment.unchanged();
        }
        List<SourceFiles> read = increment.read(config.data().multiline());
        int shards = earlier.map(
                        manifest -> Sources.shards(read, manifest.options().shards()))
                .orElse(options.shards());
        Manifest manifest = read.isEmpty()
                ? increment.whole(Optional.empty(), increment.writeFiles(output.run(), hadoop))
                : new Preparation<>(
                                spark,
                                config,
                                task,
                                tokenizer,
                                read,
                                options.withShards(shards),
                                new Preparation.Output(dataset, output.run(), Optional.of(increment), Optional.empty()))
                        .run();
        return increment.isRemoving()
                ? new Tombstones(spark, task, dataset, output.run()).erase(manifest, increment)
                : manifest;
    }

    static void abandon(DatasetFolder folder, JobGroup jobs, Throwable error) {
        jobs.cancel();
        try {
            folder.abandon(jobs.awaitTasks(TASKS_END));
        } catch (IOException | RuntimeException left) {
            error.addSuppressed(left);
        }
    }

    /**
     * Returns one line per source that is slow to read, and one if near-deduplication takes much disk. Only file
     * sources are checked, without a session.
     *
     * @param config configuration; its paths may be relative
     * @throws RunException if a source does not exist
     */
    public static List<String> slowSources(RunConfig config, Configuration hadoop) {
        List<SourceFiles> files = Sources.files(config.data(), hadoop);
        List<String> lines = new ArrayList<>(Sources.slow(files));
        long shingles = NearDuplicates.shingleBytes(Sources.trainBytes(files));
        boolean keeps =
                config.data().corpus().nearDedup().enabled() && !config.data().incremental();
        if (keeps && shingles > SHINGLES_TO_REPORT) {
            lines.add(String.format(
                    Locale.ROOT,
                    "data.corpus.near_dedup: prepare keeps about %,d MB of shingles in spark.local.dir of the executors,"
                            + " beside the files of its shuffles",
                    shingles >> 20));
        }
        return lines;
    }

    /**
     * Returns the inputs to predict: texts to label or prompts to continue. Rows are read, cleaned and tokenized as in
     * {@link #run}, in the order of the source, including rows that cannot be used. They need no label and no answer.
     *
     * @param source source in the format of {@code data.format}
     * @param partitionBytes text of a partition. The partitions of files depend on nothing else of the job or the
     *     cluster; the partitions of a table are the session's.
     * @param tasks smallest number of partitions
     * @param most largest number of partitions
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

    /** Returns the tokenizer of a run. */
    public static TokenizerFiles tokenizer(RunConfig config, Configuration hadoop) throws IOException {
        TokenizerFiles files = TaskDatas.tokenizer(
                new Path(AbsolutePaths.of("model", config.model(), hadoop)), config, Architectures::positions, hadoop);
        // The native library refuses a bad file here in milliseconds, instead of later in a task.
        TextTokenizer.open(files).close();
        return files;
    }
}
