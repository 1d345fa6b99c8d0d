package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.predict.TeacherFolder;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleChecks;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.DatasetWarnings;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.corpus.Quarantine;
import io.github.sparkfinetune.spark.prepare.generation.Increment;
import io.github.sparkfinetune.spark.prepare.generation.KnownRows;
import io.github.sparkfinetune.spark.prepare.generation.RangeIndex;
import io.github.sparkfinetune.spark.prepare.generation.SimilarIndex;
import io.github.sparkfinetune.spark.prepare.generation.SubjectIndex;
import io.github.sparkfinetune.spark.shuffle.BytesOrder;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import io.github.sparkfinetune.spark.source.PassDigests;
import io.github.sparkfinetune.spark.source.SourceChecks;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.SourceScan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Two passes of {@link PrepareJob}.
 *
 * @param <C> content of a cleaned row
 */
final class Preparation<C> {
    private final SparkSession spark;
    private final JavaSparkContext context;
    private final RunConfig config;
    private final DataConfig data;
    private final TaskData<C> task;
    private final TokenizerFiles tokenizer;
    private final List<SourceFiles> sources;
    private final DatasetOptions options;
    private final Output output;

    /**
     * Place where the samples are written.
     *
     * @param dataset folder of the dataset
     * @param run name of this run in the names of its files
     * @param increment generation that the sources are; empty if the dataset does not grow
     * @param known names of the labels by id, which a model has; empty if the training sources decide
     */
    record Output(Path dataset, String run, Optional<Increment> increment, Optional<List<String>> known) {
        int generation() {
            return increment.map(Increment::number).orElse(0);
        }

        /** Returns the manifest of the generations before this one. */
        Optional<Manifest> earlier() {
            return increment.flatMap(Increment::earlier);
        }
    }

    /** @param options options of the dataset, as in its manifest */
    Preparation(
            SparkSession spark,
            RunConfig config,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            List<SourceFiles> sources,
            DatasetOptions options,
            Output output) {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.config = config;
        this.data = config.data();
        this.task = task;
        this.tokenizer = tokenizer;
        this.sources = sources;
        this.options = options;
        this.output = output;
    }

    Manifest run() throws IOException {
        List<SourceReader.Rows<C>> rows = new ArrayList<>();
        List<SourceScan> scans = new ArrayList<>();
        SourceReader reader = new SourceReader(spark, tokenizer, data);
        TrainingRows training = null;
        DocumentComparison<C> comparison = new DocumentComparison<>(spark, task, data);
        PassDigests passes = new PassDigests(spark.sparkContext());
        KnownRows known = new KnownRows(output.increment());
        boolean isFirst = output.earlier().isEmpty();
        Optional<SimilarIndex> similar = output.increment().map(increment -> new SimilarIndex(spark, increment));
        try {
            for (SourceFiles source : sources) {
                context.setJobDescription("prepare: count " + source.key());
                SourceReader.Rows<C> read = passes.watch(reader.read(source, task, true));
                rows.add(read);
                SourceScan scan = SourceScan.of(read, data.deduplicates());
                scans.add(scan);
                if (isFirst) {
                    SourceChecks.require(read, scan.counts(), data);
                } else {
                    SourceChecks.requireUsable(read, scan.counts(), data);
                }
            }
            known.leaveOut(rows, scans);
            similar.ifPresent(
                    index -> comparison.use((train, near) -> index.find(train.get(0), task, known.splits(0), near)));
            comparison.leaveOut(rows, scans, trainSources(), heldOut(reader, rows), isFirst);
            quarantine(rows);
            context.setJobDescription("prepare: split");
            List<SourceScan> train = scans.subList(0, trainSources());
            Mixture mixture = Mixture.of(data, train);
            training =
                    train.isEmpty() ? TrainingRows.none(context) : TrainingRows.of(train, mixture, data.deduplicates());
            if (isWhole()) {
                training.requireAny();
            }
            List<String> labels = labels(scans);
            SourceChecks.requireOneKind(train, data);
            SplitPlan split = output.generation() == 0 && output.known().isEmpty()
                    ? SplitPlan.of(training, options)
                    : SplitPlan.fixed(scans, options);
            Map<String, DatasetSplit.Side> sides = new SideCounts(task, data, split, training).of(sources, scans);
            context.setJobDescription("prepare: tokenize and write " + output.dataset());
            Map<String, WrittenSplit> written = write(rows, known, mixture, split, labels);
            passes.requireSame();
            Optional<WrittenSplit> rowIndex = Optional.ofNullable(written.remove(RangeIndex.folder()));
            Optional<WrittenSplit> subjects = Optional.ofNullable(written.remove(SubjectIndex.FOLDER));
            Summary summary = new Summary(config, sources, options, scans, mixture, training, sides);
            Manifest made =
                    summary.manifest(labels, written, tokenizer.special().padId(), isWhole());
            Manifest own = made.withSubjects(subjects.map(WrittenSplit::files).orElse(Map.of()));
            Manifest manifest = output.increment().isEmpty()
                    ? own
                    : output.increment().get().whole(Optional.of(own), index(rowIndex, similar.get()));
            return manifest.withWarnings(warnings(manifest, rows, written));
        } finally {
            context.setJobDescription(null);
            comparison.close();
            known.close();
            similar.ifPresent(SimilarIndex::close);
            scans.forEach(SourceScan::close);
            if (training != null) {
                training.close();
            }
        }
    }

    /** Writes the rest of the index, and returns the bytes of its files by name. */
    private Map<String, Long> index(Optional<WrittenSplit> rows, SimilarIndex similar) throws IOException {
        Map<String, Long> files = new TreeMap<>(rows.map(WrittenSplit::files).orElse(Map.of()));
        files.putAll(similar.write(output.dataset(), output.run(), options.shards()));
        files.putAll(output.increment().get().writeFiles(output.run(), context.hadoopConfiguration()));
        return files;
    }

    /** Returns the rows of all held-out sources, also of those without new files. */
    private List<SourceReader.Rows<C>> heldOut(SourceReader reader, List<SourceReader.Rows<C>> rows) {
        return output.earlier().isEmpty()
                ? rows.subList(trainSources(), rows.size())
                : output.increment().get().heldOut().stream()
                        .map(source -> reader.read(source, task, true))
                        .toList();
    }

    /** Returns whether the sources are all rows of a dataset to train on. */
    private boolean isWhole() {
        return output.earlier().isEmpty() && output.known().isEmpty();
    }

    private int trainSources() {
        return (int) sources.stream()
                .filter(source -> source.split().equals(Manifest.TRAIN))
                .count();
    }

    private void quarantine(List<SourceReader.Rows<C>> rows) throws IOException {
        if (data.corpus().quarantine() != null) {
            context.setJobDescription("prepare: write " + data.corpus().quarantine());
            Quarantine.write(spark, rows, data.corpus().quarantine(), output.generation());
        }
    }

    /** Returns the label names: the given ones, or those of the training sources. No source may have others. */
    private List<String> labels(List<SourceScan> scans) throws IOException {
        List<Map<String, Long>> rowsPerLabel = scans.stream()
                .map(scan -> task.rowsPerLabel(scan.counts().strata, scan.counts().labels))
                .toList();
        Optional<List<String>> given = output.known().or(() -> output.earlier().map(Manifest::labels));
        List<String> labels = given.isPresent()
                ? given.get()
                : task.labelNames(
                        TeacherFolder.labels(config, rowsPerLabel.get(0).keySet(), context.hadoopConfiguration()));
        for (int i = 0; i < sources.size(); i++) {
            SourceChecks.requireKnown(sources.get(i), rowsPerLabel.get(i), labels, missingLabel());
        }
        return labels;
    }

    private String missingLabel() {
        if (output.known().isPresent()) {
            return "the model does not have: remove these rows";
        }
        return output.earlier().isPresent()
                ? "the earlier generations of the dataset do not have: set data.dir to a new folder, or remove these"
                        + " rows"
                : "data.train does not have: add rows with it to data.train or remove these rows";
    }

    private Map<String, WrittenSplit> write(
            List<SourceReader.Rows<C>> rows, KnownRows known, Mixture mixture, SplitPlan split, List<String> labels) {
        Broadcast<TokenizerFiles> files = context.broadcast(tokenizer);
        Broadcast<SplitPlan> plan = context.broadcast(split);
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        List<String> splits = sources.stream().map(SourceFiles::split).toList();
        try {
            JavaPairRDD<byte[], byte[]> all = null;
            for (int source = 0; source < rows.size(); source++) {
                SourceReader.Rows<C> read = rows.get(source);
                JavaPairRDD<byte[], byte[]> samples = new RowEncoding<>(
                                task,
                                RowEncoding.Source.of(source, read),
                                mixture,
                                files,
                                plan,
                                labels,
                                data.seed(),
                                grown(read))
                        .of(read.rdd(), known.splits(source));
                all = all == null ? samples : all.union(samples);
            }
            ShardWriter writer = new ShardWriter(
                    new ShardWriter.Target(output.dataset().toString(), output.run(), output.generation(), hadoop),
                    new ShardWriter.Selection(
                            plan,
                            splits,
                            output.increment().map(Increment::splits).orElse(splits),
                            mixture,
                            data.deduplicates()),
                    task,
                    labels,
                    new ShardWriter.CheckedIds(tokenizer.unknownTokenId(), task.endTokenIds(tokenizer)));
            ShuffledSample.Ranges shards = new ShuffledSample.Ranges(options.shards());
            return WrittenSplit.of(Shuffles.gathered(all, shards)
                    .repartitionAndSortWithinPartitions(shards, BytesOrder.UNSIGNED)
                    .mapPartitionsWithIndex(writer, false));
        } finally {
            files.destroy();
            plan.destroy();
            hadoop.destroy();
        }
    }

    private RowEncoding.Grown grown(SourceReader.Rows<C> rows) {
        return output.increment()
                .map(increment -> new RowEncoding.Grown(
                        increment.numbers(rows.source().key()),
                        increment.within(rows.source().split())))
                .orElse(null);
    }

    private List<Warning> warnings(
            Manifest manifest, List<SourceReader.Rows<C>> rows, Map<String, WrittenSplit> written) {
        Map<String, SampleChecks> checks = new LinkedHashMap<>();
        Map<String, DatasetWarnings.Leak> leaks = new LinkedHashMap<>();
        for (String name : manifest.splits().keySet()) {
            WrittenSplit split = written.get(name);
            if (split == null) {
                continue;
            }
            checks.put(name, split.checks());
            if (split.leaked() > 0) {
                String example = rows.subList(0, trainSources()).stream()
                        .flatMap(source -> source.content(split.leakedExample()).stream())
                        .findFirst()
                        .orElse("");
                leaks.put(name, new DatasetWarnings.Leak(split.leaked(), example));
            }
        }
        List<Warning> warnings = DatasetWarnings.of(manifest, checks, leaks);
        requireStrict(data, warnings);
        return warnings;
    }

    /** @throws RunException if there are warnings and {@code data.strict} is set */
    static void requireStrict(DataConfig data, List<Warning> warnings) {
        if (data.strict() && !warnings.isEmpty()) {
            throw RunException.data(
                    "data.strict: " + warnings.stream().map(Warning::message).collect(Collectors.joining("; also ")));
        }
    }
}
