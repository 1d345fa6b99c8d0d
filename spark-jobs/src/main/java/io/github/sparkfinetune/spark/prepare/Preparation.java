package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.corpus.CorpusConfig;
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
import io.github.sparkfinetune.spark.shuffle.BytesOrder;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import io.github.sparkfinetune.spark.source.SourceChecks;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.SourceScan;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

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
    private final Path dataset;
    private final String run;

    /**
     * @param options options of the dataset, as in its manifest
     * @param run name of this run in the names of its files
     */
    Preparation(
            SparkSession spark,
            RunConfig config,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            List<SourceFiles> sources,
            DatasetOptions options,
            Path dataset,
            String run) {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.config = config;
        this.data = config.data();
        this.task = task;
        this.tokenizer = tokenizer;
        this.sources = sources;
        this.options = options;
        this.dataset = dataset;
        this.run = run;
    }

    Manifest run() throws IOException {
        List<SourceReader.Rows<C>> rows = new ArrayList<>();
        List<SourceScan> scans = new ArrayList<>();
        SourceReader reader = new SourceReader(spark, tokenizer, data);
        TrainingRows training = null;
        DocumentComparison<C> comparison = new DocumentComparison<>(spark, task, data);
        PassDigests passes = new PassDigests(spark.sparkContext());
        try {
            for (SourceFiles source : sources) {
                context.setJobDescription("prepare: count " + source.key());
                SourceReader.Rows<C> read = passes.watch(reader.read(source, task, true));
                rows.add(read);
                SourceScan scan = SourceScan.of(read, data.deduplicates());
                scans.add(scan);
                SourceChecks.require(read, scan.counts(), data);
            }
            comparison.leaveOut(rows, scans, trainSources());
            quarantine(rows);
            context.setJobDescription("prepare: split");
            List<SourceScan> train = scans.subList(0, trainSources());
            Mixture mixture = mixture(train);
            training = TrainingRows.of(train, mixture, data.deduplicates());
            requireMixed(training);
            List<String> labels = labels(scans);
            requireOneKind(train);
            SplitPlan split = SplitPlan.of(training, options);
            Map<String, DatasetSplit.Side> sides = new SideCounts(task, data, split, training).of(sources, scans);
            context.setJobDescription("prepare: tokenize and write " + dataset);
            Map<String, WrittenSplit> written = write(rows, mixture, split, labels);
            passes.requireSame();
            Manifest manifest = new Summary(config, sources, options, scans, mixture, training, sides)
                    .manifest(labels, written, tokenizer.special().padId());
            return manifest.with(warnings(manifest, rows, written));
        } finally {
            context.setJobDescription(null);
            comparison.close();
            scans.forEach(SourceScan::close);
            if (training != null) {
                training.close();
            }
        }
    }

    private int trainSources() {
        return (int) sources.stream()
                .filter(source -> source.split().equals(Manifest.TRAIN))
                .count();
    }

    private Mixture mixture(List<SourceScan> train) {
        List<CorpusConfig.Source> mixed = data.corpus().mix().sources();
        return mixed.isEmpty()
                ? Mixture.whole(data.dataset().seed())
                : Mixture.of(
                        mixed.stream().mapToDouble(CorpusConfig.Source::weight).toArray(),
                        train.stream().mapToLong(SourceScan::usable).toArray(),
                        data.corpus().mix().stoppingStrategy(),
                        data.dataset().seed());
    }

    private static void requireMixed(TrainingRows training) {
        if (training.count() == 0) {
            throw RunException.data(
                    "data.corpus.sources: the mix holds no document: give a source with more documents a"
                            + " greater weight, or set data.corpus.stopping_strategy to all_exhausted");
        }
    }

    /** Refuses times that are dates in some rows and numbers in others, because they have no common order. */
    private void requireOneKind(List<SourceScan> train) {
        long dates = train.stream().mapToLong(scan -> scan.counts().dates).sum();
        long numbers = train.stream().mapToLong(scan -> scan.counts().numbers).sum();
        if (dates > 0 && numbers > 0) {
            throw RunException.data(String.format(
                    Locale.ROOT,
                    "data.split_by_time: %s holds %,d dates and %,d numbers: use only dates or only numbers",
                    data.split().splitByTime(),
                    dates,
                    numbers));
        }
    }

    private void quarantine(List<SourceReader.Rows<C>> rows) throws IOException {
        if (data.corpus().filtering().quarantine() != null) {
            context.setJobDescription(
                    "prepare: write " + data.corpus().filtering().quarantine());
            Quarantine.write(spark, rows, data.corpus().filtering().quarantine());
        }
    }

    /** Returns the label names of the training sources. Labels of the other sources must be among them. */
    private List<String> labels(List<SourceScan> scans) throws IOException {
        List<Map<String, Long>> rowsPerLabel = scans.stream()
                .map(scan -> task.rowsPerLabel(scan.counts().strata, scan.counts().labels))
                .toList();
        List<String> labels = task.labelNames(TeacherFolder.labels(
                config, rowsPerLabel.get(0).keySet(), spark.sparkContext().hadoopConfiguration()));
        for (int i = 0; i < sources.size(); i++) {
            SourceChecks.requireKnown(sources.get(i), rowsPerLabel.get(i), labels);
        }
        return labels;
    }

    private Map<String, WrittenSplit> write(
            List<SourceReader.Rows<C>> rows, Mixture mixture, SplitPlan split, List<String> labels) {
        Broadcast<TokenizerFiles> files = context.broadcast(tokenizer);
        Broadcast<SplitPlan> plan = context.broadcast(split);
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        try {
            JavaPairRDD<byte[], byte[]> all = null;
            for (int source = 0; source < rows.size(); source++) {
                JavaPairRDD<byte[], byte[]> samples = encoded(rows.get(source), source, mixture, files, plan, labels);
                all = all == null ? samples : all.union(samples);
            }
            ShardWriter writer = new ShardWriter(
                    new ShardWriter.Target(dataset.toString(), run, hadoop),
                    new ShardWriter.Selection(
                            plan, sources.stream().map(SourceFiles::split).toList(), mixture, data.deduplicates()),
                    task,
                    labels,
                    new ShardWriter.CheckedIds(tokenizer.unknownTokenId(), task.endTokenIds(tokenizer)));
            ShuffledSample.Ranges shards =
                    new ShuffledSample.Ranges(options.storage().shards());
            return WrittenSplit.of(Shuffles.gathered(all, shards)
                    .repartitionAndSortWithinPartitions(shards, BytesOrder.UNSIGNED)
                    .mapPartitionsWithIndex(writer, false));
        } finally {
            files.destroy();
            plan.destroy();
            hadoop.destroy();
        }
    }

    private JavaPairRDD<byte[], byte[]> encoded(
            SourceReader.Rows<C> rows,
            int source,
            Mixture mixture,
            Broadcast<TokenizerFiles> files,
            Broadcast<SplitPlan> plan,
            List<String> labels) {
        TaskData<C> made = task;
        String key = rows.source().key();
        long seed = data.dataset().seed();
        boolean mixed = rows.source().split().equals(Manifest.TRAIN);
        return rows.rdd()
                .<Tuple2<byte[], byte[]>>mapPartitions(partition -> {
                    SplitPlan splits = plan.value();
                    return TokenizingIterator.of(files.value(), partition, tokenizer -> {
                        TaskData.Encoder<C> encoder = made.encoder(tokenizer, files.value(), key, labels);
                        return row -> {
                            if (row.badBecause() != null
                                    || (mixed
                                            && mixture.copies(source, row.hash().second()) == 0)) {
                                return null;
                            }
                            // -1 if all rows of this stratum have the same content as rows of another stratum.
                            int rank = splits.rank(row.stratum());
                            long place = row.place(seed);
                            if (rank < 0) {
                                return null;
                            }
                            boolean heldOut = !mixed || splits.mayBeHeldOut(rank, place);
                            byte[] encoded = heldOut ? encoder.encodeHeldOut(row) : encoder.encode(row);
                            return ShuffledSample.of(row.hash(), seed, rank, place, source, encoded);
                        };
                    });
                })
                .mapToPair(sample -> sample);
    }

    private List<Warning> warnings(
            Manifest manifest, List<SourceReader.Rows<C>> rows, Map<String, WrittenSplit> written) {
        Map<String, SampleChecks> checks = new LinkedHashMap<>();
        Map<String, DatasetWarnings.Leak> leaks = new LinkedHashMap<>();
        for (String name : manifest.samples().splits().keySet()) {
            WrittenSplit split = written.get(name);
            checks.put(name, split.checks());
            if (split.leaked() > 0) {
                String example = content(rows.subList(0, trainSources()), split.leakedExample());
                leaks.put(name, new DatasetWarnings.Leak(split.leaked(), example));
            }
        }
        List<Warning> warnings = DatasetWarnings.of(manifest, checks, leaks);
        requireStrict(data, warnings);
        return warnings;
    }

    /** @throws RunException if there are warnings and {@code data.strict} is set */
    static void requireStrict(DataConfig data, List<Warning> warnings) {
        if (data.rows().strict() && !warnings.isEmpty()) {
            throw RunException.data(
                    "data.strict: " + warnings.stream().map(Warning::message).collect(Collectors.joining("; also ")));
        }
    }

    /** Returns the content with a hash, in a further pass over the training sources. */
    private String content(List<SourceReader.Rows<C>> rows, long second) {
        for (SourceReader.Rows<C> source : rows) {
            List<String> found = source.rdd()
                    .filter(row -> row.badBecause() == null && row.hash().second() == second)
                    .map(row -> String.valueOf(row.content()))
                    .take(1);
            if (!found.isEmpty()) {
                return found.get(0);
            }
        }
        return "";
    }
}
