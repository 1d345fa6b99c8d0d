package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.Packing;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.plan.TrainingOrder;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.DropReason;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.SampleCounts;
import io.github.sparkfinetune.data.task.SplitKey;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.ShuffledSample;
import io.github.sparkfinetune.spark.prepare.TokenizingIterator;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;

/**
 * Passes of {@link TraceJob}. The first pass over the sources finds the rows with a hash. The second pass reads the
 * shard of that hash in every split, and finds samples with the rows' tokens. The third pass over the sources counts
 * other rows with the same tokens.
 *
 * @param <C> content of a cleaned row
 */
final class Tracing<C> {
    private final SparkSession spark;
    private final JavaSparkContext context;
    private final RunConfig config;
    private final TaskData<C> task;
    private final TokenizerFiles tokenizer;
    private final List<SourceReader.Rows<C>> sources;
    private final Manifest manifest;
    private final Path dataset;

    Tracing(
            SparkSession spark,
            RunConfig config,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            List<SourceFiles> sources,
            Manifest manifest,
            Path dataset) {
        this.spark = spark;
        this.context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        this.config = config;
        this.task = task;
        this.tokenizer = tokenizer;
        SourceReader reader = new SourceReader(spark, tokenizer, config.data());
        this.sources =
                sources.stream().map(source -> reader.read(source, task, true)).toList();
        this.manifest = manifest;
        this.dataset = dataset;
    }

    /** @param named name of the document in messages */
    Trace trace(ContentHash hash, String named) throws IOException {
        Broadcast<TokenizerFiles> files = context.broadcast(tokenizer);
        try {
            return trace(hash, named, files);
        } finally {
            files.destroy();
        }
    }

    private Trace trace(ContentHash hash, String named, Broadcast<TokenizerFiles> files) throws IOException {
        List<Trace.Source> holding = new ArrayList<>();
        Set<String> splits = new HashSet<>();
        Copies any = null;
        for (SourceReader.Rows<C> source : sources) {
            Copies copies = copies(source, hash, files);
            if (copies != null) {
                // A split keeps one of its rows with equal content.
                long kept = splits.add(source.source().split()) ? 1 : 0;
                long duplicates = config.data().deduplicates() ? copies.rows() - kept : 0;
                holding.add(new Trace.Source(source.source().key(), copies.rows(), duplicates, copies.file()));
                any = any == null ? copies : any;
            }
        }
        if (any == null) {
            throw RunException.data(named + " is in no row of "
                    + sources.stream().map(source -> source.source().key()).collect(Collectors.joining(", "))
                    + " (the hash of its content is " + hash.toHex() + ")");
        }
        RowTokens tokens = any.tokens();
        if (tokens.droppedBecause() != null) {
            return new Trace(hash.toHex(), tokens.droppedBecause(), holding, List.of(), 0);
        }
        List<Trace.Place> places = places(hash, tokens);
        long others = places.isEmpty() ? 0 : others(hash, tokens, files);
        boolean isTrained = places.stream().anyMatch(place -> place.split().equals(Manifest.TRAIN));
        boolean mayBeLeftOut = splits.contains(Manifest.TRAIN) && (!isTrained || others > 0);
        String reason = mayBeLeftOut
                ? LeftOut.reason(spark, task, config.data(), sources, any.text())
                        .orElse(null)
                : null;
        if (reason != null) {
            // The training samples are from another document with the same tokens.
            places.removeIf(place -> place.split().equals(Manifest.TRAIN));
        } else if (places.isEmpty()) {
            reason = absent(hash, any.labelled(), named);
        }
        return new Trace(
                hash.toHex(),
                reason,
                holding,
                places,
                places.isEmpty() ? 0 : others,
                splits.contains(Manifest.TRAIN) ? group(any.key()) : Optional.empty());
    }

    /** Counts the rows of a group in the training sources. */
    private Optional<Trace.Group> group(SplitKey key) {
        String by = manifest.options().splitBy();
        if (by == null || key == null || key.kind() != SplitKey.Kind.GROUP) {
            return Optional.empty();
        }
        long group = key.group();
        long rows = 0;
        for (SourceReader.Rows<C> source : sources) {
            if (source.source().split().equals(Manifest.TRAIN)) {
                rows += source.rdd()
                        .filter(row -> row.splitKey() != null && row.splitKey().group() == group)
                        .count();
            }
        }
        return Optional.of(new Trace.Group(DataFunnel.common(by), rows));
    }

    /** Returns the reason for which a document that is not left out is in no sample. */
    private String absent(ContentHash hash, boolean labelled, String named) {
        boolean erased = manifest.erased().contains(hash.toHex());
        if (erased || !labelled) {
            return erased ? "erased" : DropReason.HELD_OUT_WITHOUT_LABEL.label();
        }
        if (!config.data().corpus().sources().isEmpty()) {
            return TraceJob.CORPUS + "sources, the mix has no copy of it";
        }
        if (config.data().packing() == Packing.WRAPPED) {
            return SampleCounts.UNLABELLED_SAMPLE;
        }
        if (config.data().incremental() && config.data().corpus().nearDedup().enabled()) {
            // Nothing else drops a document of a generation.
            return TraceJob.CORPUS + "near_dedup.threshold";
        }
        throw RunException.data(
                named + " is in no sample of " + dataset + ", though nothing drops it: prepare it again");
    }

    /** Returns the rows with a content hash, or null if there are none. */
    private Copies copies(SourceReader.Rows<C> rows, ContentHash hash, Broadcast<TokenizerFiles> files) {
        TaskData<C> made = task;
        List<String> labels = manifest.labels();
        String key = rows.source().key();
        boolean compared = LeftOut.isPossible(config.data());
        return rows
                .rdd()
                .mapPartitions(partition -> {
                    Iterator<Copies> found = TokenizingIterator.of(files.value(), partition, open -> {
                        TaskData.Encoder<C> encoder = made.encoder(open, files.value(), key, labels);
                        return row -> hash.equals(row.hash())
                                ? new Copies(
                                        1,
                                        row.file(),
                                        RowTokens.of(made, encoder, row, labels),
                                        compared ? made.text(row.content()) : null,
                                        row.splitKey(),
                                        !row.stratum().equals(CleanRow.UNLABELLED))
                                : null;
                    });
                    Copies all = null;
                    while (found.hasNext()) {
                        all = all == null ? found.next() : all.plus(found.next());
                    }
                    return (all == null ? List.<Copies>of() : List.of(all)).iterator();
                })
                .collect()
                .stream()
                .reduce(Copies::plus)
                .orElse(null);
    }

    /** Counts the rows with other content and the same tokens in the same shard, of any generation. */
    private long others(ContentHash hash, RowTokens tokens, Broadcast<TokenizerFiles> files) {
        TaskData<C> made = task;
        List<String> labels = manifest.labels();
        long seed = config.data().seed();
        int[] ranges = manifest.split(Manifest.TRAIN).shards().stream()
                .mapToInt(shard -> ShardNames.ranges(manifest, shard.file()))
                .distinct()
                .toArray();
        long others = 0;
        for (SourceReader.Rows<C> source : sources) {
            String key = source.source().key();
            others += source.rdd()
                    .filter(row -> row.badBecause() == null
                            && !row.hash().equals(hash)
                            && Arrays.stream(ranges)
                                    .anyMatch(shards -> ShuffledSample.shard(row.hash(), seed, shards)
                                            == ShuffledSample.shard(hash, seed, shards)))
                    .mapPartitions(partition -> TokenizingIterator.of(files.value(), partition, open -> {
                        TaskData.Encoder<C> encoder = made.encoder(open, files.value(), key, labels);
                        return row -> Arrays.equals(
                                        tokens.ids(),
                                        RowTokens.of(made, encoder, row, labels).ids())
                                ? row.hash()
                                : null;
                    }))
                    .distinct()
                    .count();
        }
        return others;
    }

    private List<Trace.Place> places(ContentHash hash, RowTokens tokens) throws IOException {
        long seed = config.data().seed();
        List<Trace.Place> places = new ArrayList<>();
        for (String split : manifest.splits().keySet()) {
            long first = 0;
            for (DatasetSplit.Shard stored : manifest.split(split).shards()) {
                long rows = stored.rows();
                int ranges = ShardNames.ranges(manifest, stored.file());
                if (ShardNames.number(stored.file()) == ShuffledSample.shard(hash, seed, ranges)) {
                    places.addAll(places(tokens, split, stored.file(), first, rows));
                }
                first += rows;
            }
        }
        return places;
    }

    private List<Trace.Place> places(RowTokens tokens, String split, String file, long first, long rows)
            throws IOException {
        SampleSearch search = new SampleSearch(tokens);
        List<Integer> rowGroups;
        try (ParquetSamples samples = ParquetSamples.open(dataset, manifest, split, context.hadoopConfiguration())) {
            rowGroups = samples.rowGroups();
            for (long row = 0; row < rows; row++) {
                search.add(samples.read(first + row));
            }
        }
        Set<Long> found = search.found().stream().map(SampleSearch.Part::sample).collect(Collectors.toSet());
        Map<Long, List<TrainingOrder.Use>> uses =
                split.equals(Manifest.TRAIN) ? TrainingOrder.uses(config, rowGroups, found) : Map.of();
        return search.found().stream()
                .map(part -> new Trace.Place(
                        split,
                        file,
                        part.sample() - first,
                        part.sample(),
                        part.document(),
                        part.documents(),
                        uses.getOrDefault(part.sample(), List.of())))
                .toList();
    }
}
