package io.github.sparkfinetune.spark;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.Encoded;
import io.github.sparkfinetune.data.Manifest;
import io.github.sparkfinetune.data.TokenizerFiles;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/** The two passes of {@link PrepareJob}. */
final class Preparation {
    private final SparkSession spark;
    private final JavaSparkContext context;
    private final RunConfig config;
    private final DataConfig data;
    private final TokenizerFiles tokenizer;
    private final List<SourceFiles> sources;
    private final Manifest.Options options;
    private final Path dataset;

    Preparation(
            SparkSession spark,
            RunConfig config,
            TokenizerFiles tokenizer,
            List<SourceFiles> sources,
            Manifest.Options options,
            Path dataset) {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.config = config;
        this.data = config.data();
        this.tokenizer = tokenizer;
        this.sources = sources;
        this.options = options;
        this.dataset = dataset;
    }

    Manifest run() {
        List<JavaRDD<InternalRow>> rows = new ArrayList<>();
        List<SourceScan> scans = new ArrayList<>();
        SourceReader reader = new SourceReader(spark, data, true);
        try {
            for (SourceFiles source : sources) {
                context.setJobDescription("prepare: count " + source.key());
                JavaRDD<InternalRow> read = reader.read(source);
                rows.add(read);
                SourceScan scan = SourceScan.of(read, CleaningRules.of(data, source, true), data.deduplicate());
                scans.add(scan);
                scan.counts().addEmptyFiles(source);
                SourceChecks.require(source, scan.counts(), data, reader);
            }
            SourceScan train = scans.get(0);
            Labels labels = Labels.of(train.counts().labels.keySet());
            for (int i = 0; i < sources.size(); i++) {
                SourceChecks.requireKnown(sources.get(i), scans.get(i).counts(), labels);
            }
            context.setJobDescription("prepare: split");
            SplitPlan split = SplitPlan.of(train, data.seed(), options.evalFraction(), options.testFraction());
            context.setJobDescription("prepare: tokenize and write " + dataset);
            List<ShardWriter.Report> reports = write(rows, new LabelPlan(labels, split));
            return manifest(labels, scans, reports);
        } finally {
            context.setJobDescription(null);
            scans.forEach(SourceScan::close);
        }
    }

    private List<ShardWriter.Report> write(List<JavaRDD<InternalRow>> rows, LabelPlan plan) {
        boolean pairs = data.textPair() != null;
        Broadcast<TokenizerFiles> files = context.broadcast(tokenizer);
        Broadcast<LabelPlan> labels = context.broadcast(plan);
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        try {
            JavaPairRDD<byte[], byte[]> samples = null;
            for (int i = 0; i < rows.size(); i++) {
                JavaPairRDD<byte[], byte[]> some = samples(rows.get(i), sources.get(i), files, labels);
                samples = samples == null ? some : samples.union(some);
            }
            List<ShardWriter.Report> reports = new ArrayList<>(samples.repartitionAndSortWithinPartitions(
                            new ShuffledSample.Ranges(data.shards()), ShuffledSample.Order.BY_KEY)
                    .mapPartitionsWithIndex(
                            new ShardWriter(dataset, hadoop, labels, pairs, data.deduplicate(), data.seed()), false)
                    .collect());
            reports.sort(Comparator.comparing(report -> report.shard().file()));
            return reports;
        } finally {
            files.destroy();
            labels.destroy();
            hadoop.destroy();
        }
    }

    private JavaPairRDD<byte[], byte[]> samples(
            JavaRDD<InternalRow> rows,
            SourceFiles source,
            Broadcast<TokenizerFiles> files,
            Broadcast<LabelPlan> labels) {
        CleaningRules rules = CleaningRules.of(data, source, true);
        String key = source.key();
        int maxLength = data.maxLength();
        long seed = data.seed();
        int split = ShardWriter.SPLITS.indexOf(key.substring("data.".length()));
        return rows.<Tuple2<byte[], byte[]>>mapPartitions(partition -> {
                    RowCleaner cleaner = new RowCleaner(rules);
                    LabelPlan plan = labels.value();
                    return TokenizingIterator.of(files.value(), partition, (open, raw) -> {
                        CleanRow row = cleaner.clean(raw);
                        if (row.badBecause() != null) {
                            return null;
                        }
                        int rank = plan.rank(row.label());
                        if (rank < 0) {
                            // Every row of this label has the text of another label's.
                            return null;
                        }
                        Encoded encoded = open.encode(row.text(), row.pair(), maxLength);
                        if (encoded.inputIds().length == 0) {
                            throw RunException.data(
                                    key + ": " + row.file() + " has a text that gives no token: remove it");
                        }
                        return new Tuple2<>(
                                ShuffledSample.key(row, seed, rank),
                                ShuffledSample.value(split, encoded, rules.pairs()));
                    });
                })
                .mapToPair(sample -> sample);
    }

    private Manifest manifest(Labels labels, List<SourceScan> scans, List<ShardWriter.Report> reports) {
        Map<String, Manifest.Split> splits = new LinkedHashMap<>();
        int longest = 0;
        for (int i = 0; i < ShardWriter.SPLITS.size(); i++) {
            int split = i;
            List<ShardWriter.Report> own =
                    reports.stream().filter(report -> report.split() == split).toList();
            if (own.isEmpty()) {
                continue;
            }
            splits.put(ShardWriter.SPLITS.get(i), split(own, labels.names().size()));
            longest = Math.max(
                    longest,
                    own.stream().mapToInt(ShardWriter.Report::longest).max().orElse(0));
        }
        long usable = scans.stream().mapToLong(SourceScan::usable).sum();
        long written = splits.values().stream().mapToLong(Manifest.Split::rows).sum();
        if (written != usable) {
            throw RunException.data("data.train: " + written + " samples were written of " + usable
                    + " rows counted before: the source changed while it was read, run prepare again");
        }
        SourceScan.Counts all = new SourceScan.Counts();
        scans.forEach(scan -> all.plus(scan.counts()));
        return new Manifest(
                Manifest.SCHEMA_VERSION,
                config.task(),
                labels.names(),
                longest,
                splits,
                new TreeMap<>(all.bad),
                all.cut,
                all.repaired,
                all.rows - all.badRows() - usable,
                tokenizer.padTokenId(),
                sources.stream().map(SourceFiles::toManifest).toList(),
                options);
    }

    private static Manifest.Split split(List<ShardWriter.Report> reports, int labels) {
        List<Long> rowsPerLabel = new ArrayList<>();
        for (int label = 0; label < labels; label++) {
            int id = label;
            rowsPerLabel.add(reports.stream()
                    .mapToLong(report -> report.rowsPerLabel()[id])
                    .sum());
        }
        return new Manifest.Split(
                reports.stream().mapToLong(ShardWriter.Report::rows).sum(),
                reports.stream().mapToLong(ShardWriter.Report::tokens).sum(),
                reports.stream().mapToLong(ShardWriter.Report::truncated).sum(),
                rowsPerLabel,
                reports.stream().map(ShardWriter.Report::shard).toList());
    }
}
