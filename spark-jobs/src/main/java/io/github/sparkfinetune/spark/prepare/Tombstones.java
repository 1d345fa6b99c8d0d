package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Generation;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.generation.Increment;
import io.github.sparkfinetune.spark.prepare.generation.Occurrence;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.SerializableConfiguration;
import scala.Tuple2;

/**
 * Erases the documents of files that the sources of a dataset that grows do not have any more, unless another file has
 * them. Their texts are gone, so that the index says which documents of the samples they are.
 *
 * @param run name of the run in the names of its files
 */
record Tombstones(SparkSession spark, TaskData<?> task, Path dataset, String run) {
    /** Shard of a split. */
    private record Place(int generation, String split, int shard) implements Serializable {}

    /** Documents that were found in a shard, and the number of rows that they are. */
    private record Found(ErasedShards.Part part, int rows) implements Serializable {}

    /**
     * Writes the shards of the documents again.
     *
     * @param whole manifest with the files of this generation
     * @return manifest with the new shards
     * @throws io.github.sparkfinetune.conf.error.RunException if nothing would be left of a split or of a label
     */
    Manifest erase(Manifest whole, Increment increment) throws IOException {
        spark.sparkContext().setJobDescription("prepare: erase the rows of removed files");
        try {
            List<Found> found = increment.gone(whole, gone -> {
                List<String> names = Occurrence.names(increment.splits());
                int[] shards = whole.generations().stream()
                        .mapToInt(Generation::shards)
                        .toArray();
                JavaPairRDD<Place, long[]> placed = gone.filter(document -> document.pieces().length > 0)
                        .mapToPair(document -> new Tuple2<>(
                                new Place(document.generation(), names.get(document.split()), (int)
                                        Seeds.bounded(document.position(), shards[document.generation() - 1])),
                                document.pieces()));
                return found(placed, whole);
            });
            List<ErasedShards.Part> parts = found.stream().map(Found::part).toList();
            ErasedShards.requireRest(dataset, whole, parts);
            Manifest erased =
                    parts.isEmpty() ? whole : ErasedShards.rewrite(spark, task, dataset, whole, parts, run, List.of());
            return counted(erased, found.stream().mapToLong(Found::rows).sum());
        } finally {
            spark.sparkContext().setJobDescription(null);
        }
    }

    private static Manifest counted(Manifest manifest, long rows) {
        List<Generation> generations = new ArrayList<>(manifest.generations());
        int last = generations.size() - 1;
        generations.set(last, generations.get(last).withErased(rows));
        return manifest.withGenerations(generations);
    }

    private List<Found> found(JavaPairRDD<Place, long[]> documents, Manifest manifest) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(spark.sparkContext());
        Broadcast<SerializableConfiguration> hadoop =
                context.broadcast(new SerializableConfiguration(context.hadoopConfiguration()));
        Broadcast<Manifest> stored = context.broadcast(manifest);
        Map<Place, ErasedShards.File> files = files(manifest);
        TaskData<?> made = task;
        String folder = dataset.toString();
        try {
            return documents
                    .groupByKey()
                    .filter(shard -> files.containsKey(shard._1()))
                    .map(shard -> search(
                            made,
                            folder,
                            stored.value(),
                            files.get(shard._1()),
                            new PieceSearch(shard._2(), false),
                            hadoop.value().value()))
                    .filter(found -> found.rows() > 0)
                    .collect();
        } finally {
            hadoop.destroy();
            stored.destroy();
        }
    }

    private static Found search(
            TaskData<?> task,
            String dataset,
            Manifest manifest,
            ErasedShards.File file,
            PieceSearch search,
            Configuration hadoop) {
        try {
            ErasedShards.Part part = ErasedShards.find(task, new Path(dataset), manifest, file, search, hadoop);
            return new Found(part, search.rows());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<Place, ErasedShards.File> files(Manifest manifest) {
        Map<Place, ErasedShards.File> files = new HashMap<>();
        manifest.splits().forEach((split, stored) -> {
            long first = 0;
            for (DatasetSplit.Shard shard : stored.shards()) {
                long rows = shard.rows();
                files.put(
                        new Place(ShardNames.generation(shard.file()), split, ShardNames.number(shard.file())),
                        new ErasedShards.File(split, shard.file(), first, rows));
                first += rows;
            }
        });
        return files;
    }
}
