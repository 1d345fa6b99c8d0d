package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.DatasetOptions;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.SampleChecks;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.DatasetWarnings;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.TaskData;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * The two passes of {@link PrepareJob}.
 *
 * @param <C> a cleaned row's content
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

    /** @param options of the dataset, as its manifest has them */
    Preparation(
            SparkSession spark,
            RunConfig config,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            List<SourceFiles> sources,
            DatasetOptions options,
            Path dataset) {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.config = config;
        this.data = config.data();
        this.task = task;
        this.tokenizer = tokenizer;
        this.sources = sources;
        this.options = options;
        this.dataset = dataset;
    }

    Manifest run() {
        List<SourceReader.Rows<C>> rows = new ArrayList<>();
        List<SourceScan> scans = new ArrayList<>();
        SourceReader reader = new SourceReader(spark, tokenizer);
        try {
            for (SourceFiles source : sources) {
                context.setJobDescription("prepare: count " + source.key());
                SourceReader.Rows<C> read = reader.read(source, task, true);
                rows.add(read);
                SourceScan scan = SourceScan.of(read, data.deduplicate());
                scans.add(scan);
                scan.counts().addEmptyFiles(source);
                SourceChecks.require(read, scan.counts(), data);
            }
            SourceScan train = scans.get(0);
            List<String> labels = labels(scans);
            context.setJobDescription("prepare: split");
            SplitPlan split = SplitPlan.of(train, data.seed(), options.evalFraction(), options.testFraction());
            context.setJobDescription("prepare: tokenize and write " + dataset);
            List<ShardWriter.Report> reports = write(rows, split, labels);
            Manifest manifest = manifest(labels, scans, reports);
            return manifest.with(warnings(manifest, rows, reports));
        } finally {
            context.setJobDescription(null);
            scans.forEach(SourceScan::close);
        }
    }

    /** Label names of the training text, which those of the other sources must be among. */
    private List<String> labels(List<SourceScan> scans) {
        List<Map<String, Long>> rowsPerLabel = scans.stream()
                .map(scan -> task.rowsPerLabel(scan.counts().strata, scan.counts().labels))
                .toList();
        List<String> labels = task.labelNames(rowsPerLabel.get(0).keySet());
        for (int i = 0; i < sources.size(); i++) {
            SourceChecks.requireKnown(sources.get(i), rowsPerLabel.get(i), labels);
        }
        return labels;
    }

    private List<ShardWriter.Report> write(List<SourceReader.Rows<C>> rows, SplitPlan split, List<String> labels) {
        Broadcast<TokenizerFiles> files = context.broadcast(tokenizer);
        Broadcast<SplitPlan> plan = context.broadcast(split);
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        try {
            JavaPairRDD<byte[], byte[]> all = null;
            for (SourceReader.Rows<C> source : rows) {
                JavaPairRDD<byte[], byte[]> some = encoded(source, files, plan, labels);
                all = all == null ? some : all.union(some);
            }
            ShardWriter writer = new ShardWriter(
                    dataset,
                    hadoop,
                    plan,
                    task,
                    labels,
                    data.deduplicate(),
                    data.seed(),
                    tokenizer.unknownTokenId(),
                    task.endTokenId(tokenizer));
            List<ShardWriter.Report> reports = new ArrayList<>(all.repartitionAndSortWithinPartitions(
                            new ShuffledSample.Ranges(data.shards()), ShuffledSample.Order.BY_KEY)
                    .mapPartitionsWithIndex(writer, false)
                    .collect());
            reports.sort(Comparator.comparing(ShardWriter.Report::file));
            return reports;
        } finally {
            files.destroy();
            plan.destroy();
            hadoop.destroy();
        }
    }

    private JavaPairRDD<byte[], byte[]> encoded(
            SourceReader.Rows<C> rows,
            Broadcast<TokenizerFiles> files,
            Broadcast<SplitPlan> plan,
            List<String> labels) {
        TaskData<C> made = task;
        String key = rows.source().key();
        long seed = data.seed();
        int source = ShardWriter.SPLITS.indexOf(key.substring("data.".length()));
        return rows.rdd()
                .<Tuple2<byte[], byte[]>>mapPartitions(partition -> {
                    SplitPlan splits = plan.value();
                    return TokenizingIterator.of(files.value(), partition, tokenizer -> {
                        TaskData.Encoder<C> encoder = made.encoder(tokenizer, files.value(), key, labels);
                        return row -> {
                            // -1 where every row of this stratum has the content of another stratum's.
                            int rank = row.badBecause() == null ? splits.rank(row.stratum()) : -1;
                            return rank < 0
                                    ? null
                                    : ShuffledSample.of(row.hash(), seed, rank, source, encoder.encode(row));
                        };
                    });
                })
                .mapToPair(sample -> sample);
    }

    private Manifest manifest(List<String> labels, List<SourceScan> scans, List<ShardWriter.Report> reports) {
        Map<String, Manifest.Split> splits = new LinkedHashMap<>();
        boolean documents = options.documents() != null;
        SampleCounts all = new SampleCounts(labels.size(), documents);
        for (int i = 0; i < ShardWriter.SPLITS.size(); i++) {
            SampleCounts counts = new SampleCounts(labels.size(), documents);
            List<Manifest.Shard> shards = new ArrayList<>();
            for (ShardWriter.Report report : reports) {
                if (report.split() == i) {
                    counts.plus(report.counts());
                    report.shard().ifPresent(shards::add);
                }
            }
            all.plus(counts);
            if (counts.samples() > 0) {
                splits.put(ShardWriter.SPLITS.get(i), counts.toSplit(shards));
            }
        }
        SourceScan.Counts found = new SourceScan.Counts();
        scans.forEach(scan -> found.plus(scan.counts()));
        long usable = scans.stream().mapToLong(SourceScan::usable).sum();
        if (all.rows() != usable) {
            throw RunException.data("data.train: " + all.rows() + " samples were written of " + usable
                    + " rows counted before: the source changed while it was read, run prepare again");
        }
        requireUsable(found, all, splits);
        Map<String, Long> bad = new TreeMap<>(found.bad);
        if (!documents) {
            all.dropped().forEach((reason, count) -> bad.merge(reason, count, Long::sum));
        }
        return new Manifest(
                Manifest.SCHEMA_VERSION,
                config.task(),
                labels,
                all.longest(),
                splits,
                bad,
                found.cut,
                found.repaired,
                found.rows - found.badRows() - usable,
                tokenizer.padTokenId(),
                sources.stream().map(SourceFiles::toManifest).toList(),
                options);
    }

    private List<Warning> warnings(
            Manifest manifest, List<SourceReader.Rows<C>> rows, List<ShardWriter.Report> reports) {
        Map<String, SampleChecks> checks = new LinkedHashMap<>();
        Map<String, DatasetWarnings.Leak> leaks = new LinkedHashMap<>();
        for (String split : manifest.splits().keySet()) {
            List<ShardWriter.Report> parts = reports.stream()
                    .filter(report -> ShardWriter.SPLITS.get(report.split()).equals(split))
                    .toList();
            checks.put(
                    split,
                    parts.stream()
                            .map(ShardWriter.Report::checks)
                            .reduce(SampleChecks::plus)
                            .orElseThrow());
            long leaked = parts.stream().mapToLong(ShardWriter.Report::leaked).sum();
            if (leaked > 0) {
                long example = parts.stream()
                        .filter(part -> part.leaked() > 0)
                        .findFirst()
                        .orElseThrow()
                        .leakedExample();
                leaks.put(split, new DatasetWarnings.Leak(leaked, content(rows.get(0), example)));
            }
        }
        List<Warning> warnings = DatasetWarnings.of(manifest, checks, leaks);
        requireStrict(data, warnings);
        return warnings;
    }

    /** @throws RunException where there are warnings, and {@code data.strict} is set */
    static void requireStrict(DataConfig data, List<Warning> warnings) {
        if (data.strict() && !warnings.isEmpty()) {
            throw RunException.data(
                    "data.strict: " + warnings.stream().map(Warning::message).collect(Collectors.joining("; also ")));
        }
    }

    /** The content with a hash, in a further pass over the training text. */
    private String content(SourceReader.Rows<C> rows, long second) {
        return rows
                .rdd()
                .filter(row -> row.badBecause() == null && row.hash().second() == second)
                .map(row -> String.valueOf(row.content()))
                .take(1)
                .stream()
                .findFirst()
                .orElse("");
    }

    /** Rows may turn out to be unusable only when they are tokenized. */
    private void requireUsable(SourceScan.Counts found, SampleCounts all, Map<String, Manifest.Split> splits) {
        long unusable = all.unusableRows();
        if (unusable > 0 && found.badRows() + unusable > data.maxBadFraction() * found.rows) {
            throw RunException.data("data.train: " + (found.badRows() + unusable) + " of " + found.rows
                    + " rows cannot be used (" + new TreeMap<>(found.bad) + ", and of the others " + all.dropped()
                    + "), more than data.max_bad_fraction: " + data.maxBadFraction()
                    + " allows: raise data.max_length, mend the rows, or raise it");
        }
        if (!splits.containsKey(Manifest.TRAIN)) {
            throw RunException.data("data.train: no row gives a sample (" + all.dropped()
                    + "): raise data.max_length, or set data.overlong to truncate");
        }
    }
}
