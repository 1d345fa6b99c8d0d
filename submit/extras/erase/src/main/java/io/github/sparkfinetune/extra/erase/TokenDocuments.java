package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.ErasedShards;
import io.github.sparkfinetune.spark.prepare.ShuffledSample;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
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
record TokenDocuments(TaskData<?> task, Map<ContentHash, RowTokens> tokens) implements Documents {

    /** Shard in which documents are searched. */
    private record Shard(ErasedShards.File file, List<RowTokens> tokens) implements Serializable {}

    @Override
    public List<String> hashes() {
        return tokens.keySet().stream().map(ContentHash::toHex).sorted().toList();
    }

    @Override
    public List<ErasedShards.Part> parts(SparkSession spark, RunConfig config, Path dataset, Manifest manifest) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        long seed = config.data().seed();
        // Generations may have other numbers of shards.
        Map<Integer, Map<Integer, List<RowTokens>>> byRanges = new HashMap<>();
        List<Shard> shards = new ArrayList<>();
        manifest.splits().forEach((split, stored) -> {
            long first = 0;
            for (DatasetSplit.Shard shard : stored.shards()) {
                long rows = shard.rows();
                List<RowTokens> searched = byRanges.computeIfAbsent(
                                ShardNames.ranges(manifest, shard.file()), ranges -> byShard(seed, ranges))
                        .get(ShardNames.number(shard.file()));
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

    private Map<Integer, List<RowTokens>> byShard(long seed, int ranges) {
        return tokens.entrySet().stream()
                .filter(document -> document.getValue().ids().length > 0)
                .collect(Collectors.groupingBy(
                        document -> ShuffledSample.shard(document.getKey(), seed, ranges),
                        Collectors.mapping(Map.Entry::getValue, Collectors.toList())));
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
