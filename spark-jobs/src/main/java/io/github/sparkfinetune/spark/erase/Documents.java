package io.github.sparkfinetune.spark.erase;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.spark.prepare.ErasedShards;
import io.github.sparkfinetune.spark.prepare.ShardNames;
import io.github.sparkfinetune.spark.prepare.ShuffledSample;
import io.github.sparkfinetune.spark.prepare.TokenizingIterator;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourceReader;
import io.github.sparkfinetune.spark.source.Sources;
import io.github.sparkfinetune.spark.trace.RowTokens;
import io.github.sparkfinetune.spark.trace.SampleSearch;
import io.github.sparkfinetune.spark.trace.TraceJob;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Documents that are erased, with the tokens that each becomes. Rows with equal content are one document.
 *
 * @param task task of the dataset
 * @param tokens tokens of each document
 */
record Documents(TaskData<?> task, Map<ContentHash, RowTokens> tokens) {

    /** A document with its tokens, as it comes from an executor. */
    private record Found(ContentHash hash, RowTokens tokens) implements Serializable {}

    /** Shard in which documents are searched. */
    private record Shard(ErasedShards.File file, List<RowTokens> tokens) implements Serializable {}

    /**
     * Finds the chosen documents: a file without the sources, other choices in the sources.
     *
     * @param config configuration with absolute paths
     * @throws RunException with exit code 3 if no document is chosen
     */
    static <C> Documents of(
            SparkSession spark,
            RunConfig config,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            Manifest manifest,
            Selection selection)
            throws IOException {
        List<String> labels = manifest.samples().labels();
        Broadcast<TokenizerFiles> files =
                JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(tokenizer);
        Map<ContentHash, RowTokens> tokens = new LinkedHashMap<>();
        List<String> texts = new ArrayList<>();
        try {
            if (selection.kind() == Selection.Kind.FILE) {
                CleanRow<C> row = given(spark, config, task, tokenizer, manifest, selection);
                try (TextTokenizer open = TextTokenizer.open(tokenizer)) {
                    TaskData.Encoder<C> encoder = task.encoder(open, tokenizer, "data.train", labels);
                    // A text alone has no label, and its tokens do not depend on one.
                    tokens.put(row.hash(), RowTokens.of(task, encoder, row.unlabelled(), labels));
                }
                texts.add(task.text(row.content()));
            } else {
                Set<ContentHash> only = selection.kind() == Selection.Kind.HASH ? Set.of(selection.hash()) : Set.of();
                for (SourceReader.Rows<C> rows : chosen(spark, config, task, tokenizer, selection)) {
                    found(task, rows, only, labels, files).forEach(one -> tokens.putIfAbsent(one.hash(), one.tokens()));
                }
                if (tokens.isEmpty()) {
                    throw RunException.data(selection.shown() + " is in no row of the sources: nothing was changed");
                }
            }
            if (selection.nearDuplicates()) {
                List<SourceReader.Rows<C>> all = all(spark, config, task, tokenizer);
                Set<ContentHash> similar = new SimilarDocuments<>(
                                task, config.data().corpus().nearDedup())
                        .with(
                                all.stream()
                                        .map(SourceReader.Rows::rdd)
                                        .reduce(JavaRDD::union)
                                        .orElseThrow(),
                                tokens.keySet(),
                                texts);
                for (SourceReader.Rows<C> rows : all) {
                    found(task, rows, similar, labels, files)
                            .forEach(one -> tokens.putIfAbsent(one.hash(), one.tokens()));
                }
            }
            return new Documents(task, tokens);
        } finally {
            files.destroy();
        }
    }

    private static <C> CleanRow<C> given(
            SparkSession spark,
            RunConfig config,
            TaskData<C> task,
            TokenizerFiles tokenizer,
            Manifest manifest,
            Selection selection)
            throws IOException {
        CleanRow<C> row = TraceJob.given(
                config,
                task,
                tokenizer,
                DataFormat.valueOf(manifest.options().source().format().toUpperCase(Locale.ROOT)),
                selection.kind().option(),
                selection.value(),
                spark.sparkContext().hadoopConfiguration());
        if (row.badBecause() != null) {
            throw RunException.data(
                    selection.shown() + " is in no sample (" + row.badBecause() + "): nothing was changed");
        }
        return row;
    }

    private static <C> List<SourceReader.Rows<C>> all(
            SparkSession spark, RunConfig config, TaskData<C> task, TokenizerFiles tokenizer) {
        SourceReader reader = new SourceReader(spark, tokenizer, config.data());
        return Sources.of(spark, config.data()).stream()
                .map(source -> reader.read(source, task, true))
                .toList();
    }

    private static <C> List<SourceReader.Rows<C>> chosen(
            SparkSession spark, RunConfig config, TaskData<C> task, TokenizerFiles tokenizer, Selection selection) {
        if (selection.kind() == Selection.Kind.HASH) {
            return all(spark, config, task, tokenizer);
        }
        SourceReader.ColumnValue value = selection.column();
        SourceReader reader = new SourceReader(spark, tokenizer, config.data()).only(value);
        List<SourceFiles> having = Sources.of(spark, config.data()).stream()
                .filter(source -> reader.has(source, value.column()))
                .toList();
        if (having.isEmpty()) {
            throw RunException.config("--where: no source has the column " + value.column());
        }
        return having.stream().map(source -> reader.read(source, task, true)).toList();
    }

    /** @param only hashes of the rows that are found; all rows if it is empty */
    private static <C> List<Found> found(
            TaskData<C> task,
            SourceReader.Rows<C> rows,
            Set<ContentHash> only,
            List<String> labels,
            Broadcast<TokenizerFiles> files) {
        String key = rows.source().key();
        List<String> names = new ArrayList<>(labels);
        Set<ContentHash> hashes = new HashSet<>(only);
        return rows.rdd()
                .filter(row -> row.badBecause() == null && (hashes.isEmpty() || hashes.contains(row.hash())))
                .mapPartitions(partition -> TokenizingIterator.of(files.value(), partition, open -> {
                    TaskData.Encoder<C> encoder = task.encoder(open, files.value(), key, names);
                    return row -> new Found(row.hash(), RowTokens.of(task, encoder, row, names));
                }))
                .collect();
    }

    /** Returns the hashes of the documents, sorted. */
    List<String> hashes() {
        return tokens.keySet().stream().map(ContentHash::toHex).sorted().toList();
    }

    /** Finds the samples of the documents in all splits. */
    List<ErasedShards.Part> parts(SparkSession spark, RunConfig config, Path dataset, Manifest manifest) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        long seed = config.data().dataset().seed();
        int count = manifest.options().storage().shards();
        Map<Integer, List<RowTokens>> byShard = tokens.entrySet().stream()
                .filter(document -> document.getValue().ids().length > 0)
                .collect(Collectors.groupingBy(
                        document -> ShuffledSample.shard(document.getKey(), seed, count),
                        Collectors.mapping(Map.Entry::getValue, Collectors.toList())));
        List<Shard> shards = new ArrayList<>();
        manifest.samples().splits().forEach((split, stored) -> {
            long first = 0;
            for (DatasetSplit.Shard shard : stored.shards()) {
                long rows =
                        shard.rowGroups().stream().mapToLong(Integer::longValue).sum();
                List<RowTokens> searched = byShard.get(ShardNames.number(shard.file()));
                if (searched != null) {
                    shards.add(new Shard(new ErasedShards.File(split, shard.file(), first, rows), distinct(searched)));
                }
                first += rows;
            }
        });
        if (shards.isEmpty()) {
            return List.of();
        }
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        String folder = dataset.toString();
        TaskData<?> made = task;
        return context.parallelize(shards, shards.size())
                .map(shard ->
                        search(made, folder, manifest, shard, hadoop.value().value()))
                .filter(part -> !part.documents().isEmpty())
                .collect();
    }

    /** Returns tokens that differ: documents whose tokens are equal have the same samples. */
    private static List<RowTokens> distinct(List<RowTokens> all) {
        Map<Integer, List<RowTokens>> byHash = new HashMap<>();
        for (RowTokens row : all) {
            List<RowTokens> alike = byHash.computeIfAbsent(Arrays.hashCode(row.ids()), hash -> new ArrayList<>());
            if (alike.stream().noneMatch(other -> Arrays.equals(other.ids(), row.ids()))) {
                alike.add(row);
            }
        }
        return new ArrayList<>(byHash.values().stream().flatMap(List::stream).toList());
    }

    private static ErasedShards.Part search(
            TaskData<?> task, String dataset, Manifest manifest, Shard shard, Configuration hadoop) throws IOException {
        List<SampleSearch> searches =
                shard.tokens().stream().map(SampleSearch::new).toList();
        return ErasedShards.find(
                task,
                new Path(dataset),
                manifest,
                shard.file(),
                new ErasedShards.Finder() {
                    @Override
                    public void add(Sample sample) {
                        searches.forEach(search -> search.add(sample));
                    }

                    @Override
                    public Map<Long, Set<Integer>> documents() {
                        return searches.stream()
                                .flatMap(search -> search.found().stream())
                                .collect(Collectors.groupingBy(
                                        SampleSearch.Part::sample,
                                        TreeMap::new,
                                        Collectors.mapping(SampleSearch.Part::document, Collectors.toSet())));
                    }

                    @Override
                    public int rows() {
                        return searches.stream().mapToInt(SampleSearch::copies).sum();
                    }
                },
                hadoop);
    }
}
