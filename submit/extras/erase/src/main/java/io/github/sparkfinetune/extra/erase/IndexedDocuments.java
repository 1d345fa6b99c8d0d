package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.ErasedShards;
import io.github.sparkfinetune.spark.prepare.PieceSearch;
import io.github.sparkfinetune.spark.prepare.ShuffledSample;
import io.github.sparkfinetune.spark.prepare.generation.SubjectSearch;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Documents that the dataset itself knows, without its sources: by their subject, or by the hash of their content.
 *
 * @param task task of the dataset
 * @param contents hashes of the documents
 * @param samples samples of the documents
 */
record IndexedDocuments(TaskData<?> task, Set<ContentHash> contents, List<SubjectSearch.Found> samples)
        implements Documents {

    /** Shard in which documents are searched, with the numbers of their pieces. */
    private record Shard(ErasedShards.File file, ArrayList<long[]> pieces) implements Serializable {}

    /** Files of a generation that may hold a content, by split. */
    private record Place(int generation, String split) {}

    @Override
    public List<String> hashes() {
        return contents.stream().map(ContentHash::toHex).sorted().toList();
    }

    @Override
    public List<ErasedShards.Part> parts(SparkSession spark, RunConfig config, Path dataset, Manifest manifest) {
        List<Shard> shards = shards(manifest);
        if (shards.isEmpty()) {
            return List.of();
        }
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        String folder = dataset.toString();
        TaskData<?> made = task;
        return context.parallelize(shards, shards.size())
                .map(shard -> ErasedShards.find(
                        made,
                        new Path(folder),
                        manifest,
                        shard.file(),
                        new PieceSearch(shard.pieces(), true),
                        hadoop.value().value()))
                .filter(part -> !part.documents().isEmpty())
                .collect();
    }

    private List<Shard> shards(Manifest manifest) {
        Map<Place, List<SubjectSearch.Found>> byPlace = new HashMap<>();
        for (SubjectSearch.Found found : samples) {
            if (found.pieces().length > 0) {
                byPlace.computeIfAbsent(new Place(found.generation(), found.split()), place -> new ArrayList<>())
                        .add(found);
            }
        }
        long seed = manifest.options().seed();
        List<Shard> shards = new ArrayList<>();
        manifest.splits().forEach((split, stored) -> {
            long first = 0;
            for (DatasetSplit.Shard shard : stored.shards()) {
                int ranges = ShardNames.ranges(manifest, shard.file());
                ArrayList<long[]> pieces = new ArrayList<>();
                for (SubjectSearch.Found found :
                        byPlace.getOrDefault(new Place(ShardNames.generation(shard.file()), split), List.of())) {
                    if (ShuffledSample.shard(found.content(), seed, ranges) == ShardNames.number(shard.file())) {
                        pieces.add(found.pieces());
                    }
                }
                if (!pieces.isEmpty()) {
                    shards.add(new Shard(new ErasedShards.File(split, shard.file(), first, shard.rows()), pieces));
                }
                first += shard.rows();
            }
        });
        return shards;
    }
}
