package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.conf.DataConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
    /** What of the second pass makes a row unusable; an overlong one is left out on purpose. */
    private static final List<String> UNUSABLE = Arrays.stream(DropReason.values())
            .filter(reason -> reason != DropReason.OVERLONG)
            .map(DropReason::label)
            .toList();

    private final SparkSession spark;
    private final JavaSparkContext context;
    private final RunConfig config;
    private final DataConfig data;
    private final TaskSamples<C> samples;
    private final TokenizerFiles tokenizer;
    private final List<SourceFiles> sources;
    private final Manifest.Options options;
    private final Path dataset;

    Preparation(
            SparkSession spark,
            RunConfig config,
            TaskSamples<C> samples,
            TokenizerFiles tokenizer,
            List<SourceFiles> sources,
            Manifest.Options options,
            Path dataset) {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.config = config;
        this.data = config.data();
        this.samples = samples;
        this.tokenizer = tokenizer;
        this.sources = sources;
        this.options = options;
        this.dataset = dataset;
    }

    Manifest run() {
        List<SourceReader.Rows<C>> rows = new ArrayList<>();
        List<SourceScan> scans = new ArrayList<>();
        SourceReader<C> reader = samples.reader(spark, tokenizer);
        try {
            for (SourceFiles source : sources) {
                context.setJobDescription("prepare: count " + source.key());
                SourceReader.Rows<C> read = reader.read(source);
                rows.add(read);
                SourceScan scan = SourceScan.of(read, data.deduplicate());
                scans.add(scan);
                scan.counts().addEmptyFiles(source);
                SourceChecks.require(source, scan.counts(), data, reader);
            }
            SourceScan train = scans.get(0);
            Labels labels = Labels.of(train.counts().labels.keySet());
            if (samples.labelled()) {
                for (int i = 0; i < sources.size(); i++) {
                    SourceChecks.requireKnown(sources.get(i), scans.get(i).counts(), labels);
                }
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

    private List<ShardWriter.Report> write(List<SourceReader.Rows<C>> rows, LabelPlan plan) {
        Broadcast<TokenizerFiles> files = context.broadcast(tokenizer);
        Broadcast<LabelPlan> labels = context.broadcast(plan);
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        try {
            JavaPairRDD<byte[], byte[]> all = null;
            for (SourceReader.Rows<C> source : rows) {
                JavaPairRDD<byte[], byte[]> some = encoded(source, files, labels);
                all = all == null ? some : all.union(some);
            }
            List<ShardWriter.Report> reports = new ArrayList<>(all.repartitionAndSortWithinPartitions(
                            new ShuffledSample.Ranges(data.shards()), ShuffledSample.Order.BY_KEY)
                    .mapPartitionsWithIndex(
                            new ShardWriter(dataset, hadoop, labels, samples, data.deduplicate(), data.seed()), false)
                    .collect());
            reports.sort(Comparator.comparing(ShardWriter.Report::file));
            return reports;
        } finally {
            files.destroy();
            labels.destroy();
            hadoop.destroy();
        }
    }

    private JavaPairRDD<byte[], byte[]> encoded(
            SourceReader.Rows<C> rows, Broadcast<TokenizerFiles> files, Broadcast<LabelPlan> labels) {
        TaskSamples<C> task = samples;
        RowCleaner.Factory<C> cleaners = rows.cleaner();
        String key = rows.source().key();
        long seed = data.seed();
        int split = ShardWriter.SPLITS.indexOf(key.substring("data.".length()));
        return rows.rdd()
                .<Tuple2<byte[], byte[]>>mapPartitions(partition -> {
                    RowCleaner<C> cleaner = cleaners.open();
                    LabelPlan plan = labels.value();
                    return TokenizingIterator.of(files.value(), partition, open -> {
                        TaskSamples.Encoder<C> encoder = task.encoder(open, files.value(), key);
                        return raw -> {
                            CleanRow<C> row = cleaner.clean(raw);
                            if (row.badBecause() != null) {
                                return null;
                            }
                            int rank = plan.rank(row.label());
                            if (rank < 0) {
                                // Every row of this label has the text of another label's.
                                return null;
                            }
                            return new Tuple2<>(ShuffledSample.key(row, seed, rank), encoder.encode(row, split));
                        };
                    });
                })
                .mapToPair(sample -> sample);
    }

    private Manifest manifest(Labels labels, List<SourceScan> scans, List<ShardWriter.Report> reports) {
        Map<String, Manifest.Split> splits = new LinkedHashMap<>();
        List<String> names = samples.labelled() ? labels.names() : List.of();
        SampleCounts all = new SampleCounts(labels.names().size(), false);
        for (int i = 0; i < ShardWriter.SPLITS.size(); i++) {
            SampleCounts counts = new SampleCounts(labels.names().size(), options.documents() != null);
            List<Manifest.Shard> shards = new ArrayList<>();
            for (ShardWriter.Report report : reports) {
                if (report.split() == i) {
                    counts.plus(report.counts());
                    report.shard().ifPresent(shards::add);
                }
            }
            all.plus(counts);
            if (counts.rows > 0) {
                splits.put(ShardWriter.SPLITS.get(i), counts.toSplit(shards));
            }
        }
        SourceScan.Counts found = new SourceScan.Counts();
        scans.forEach(scan -> found.plus(scan.counts()));
        long usable = scans.stream().mapToLong(SourceScan::usable).sum();
        if (all.taken != usable) {
            throw RunException.data("data.train: " + all.taken + " samples were written of " + usable
                    + " rows counted before: the source changed while it was read, run prepare again");
        }
        requireUsable(found, all, splits);
        return new Manifest(
                Manifest.SCHEMA_VERSION,
                config.task(),
                names,
                all.longest,
                splits,
                new TreeMap<>(found.bad),
                found.cut,
                found.repaired,
                found.rows - found.badRows() - usable,
                tokenizer.padTokenId(),
                sources.stream().map(SourceFiles::toManifest).toList(),
                options);
    }

    /** Rows may turn out to be unusable only when they are tokenized. */
    private void requireUsable(SourceScan.Counts found, SampleCounts all, Map<String, Manifest.Split> splits) {
        long unusable = UNUSABLE.stream()
                .mapToLong(reason -> all.dropped.getOrDefault(reason, 0L))
                .sum();
        if (unusable > 0 && found.badRows() + unusable > data.maxBadFraction() * found.rows) {
            throw RunException.data("data.train: " + (found.badRows() + unusable) + " of " + found.rows
                    + " rows cannot be used (" + new TreeMap<>(found.bad) + ", and of the others " + all.dropped
                    + "), more than data.max_bad_fraction: " + data.maxBadFraction()
                    + " allows: raise data.max_length, mend the rows, or raise it");
        }
        if (!splits.containsKey(Manifest.TRAIN)) {
            throw RunException.data("data.train: no row gives a sample (" + all.dropped
                    + "): raise data.max_length, or set data.overlong to truncate");
        }
    }
}
