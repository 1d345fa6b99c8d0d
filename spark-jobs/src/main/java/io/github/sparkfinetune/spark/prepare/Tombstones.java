package io.github.sparkfinetune.spark.prepare;

import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Generation;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.ShardNames;
import io.github.sparkfinetune.data.task.TaskData;
import io.github.sparkfinetune.spark.prepare.generation.Increment;
import io.github.sparkfinetune.spark.prepare.generation.Occurrence;
import io.github.sparkfinetune.spark.prepare.generation.RowPieces;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
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
                int[] shards = whole.samples().generations().stream()
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
        Manifest.Samples samples = manifest.samples();
        List<Generation> generations = new ArrayList<>(samples.generations());
        int last = generations.size() - 1;
        generations.set(last, generations.get(last).withErased(rows));
        return manifest.with(samples.with(generations));
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
                            new Search(shard._2()),
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
            Search search,
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
        manifest.samples().splits().forEach((split, stored) -> {
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

    /** Search for rows by the numbers of their documents, which follow each other in a split. */
    private static final class Search implements ErasedShards.Finder {
        /** Sequences by their first number. A sequence occurs as often as rows have it. */
        private final Map<Long, List<long[]>> sought = new HashMap<>();

        private final LongStream.Builder pieces = LongStream.builder();
        private final LongStream.Builder samples = LongStream.builder();
        private final List<Integer> numbers = new ArrayList<>();
        private final Map<Long, Set<Integer>> found = new TreeMap<>();
        private boolean isSearched;
        private int rows;

        Search(Iterable<long[]> sequences) {
            sequences.forEach(sequence -> sought.computeIfAbsent(sequence[0], any -> new ArrayList<>())
                    .add(sequence));
        }

        @Override
        public void add(Sample sample) {
            for (int document = 0; document < sample.documents().length; document++) {
                pieces.add(RowPieces.of(sample, document));
                samples.add(sample.index());
                numbers.add(document);
            }
        }

        private void search() {
            if (isSearched) {
                return;
            }
            isSearched = true;
            long[] all = pieces.build().toArray();
            long[] indexes = samples.build().toArray();
            int at = 0;
            while (at < all.length) {
                int length = take(all, at);
                rows += length > 0 ? 1 : 0;
                for (int piece = at; piece < at + length; piece++) {
                    found.computeIfAbsent(indexes[piece], any -> new HashSet<>())
                            .add(numbers.get(piece));
                }
                at += Math.max(1, length);
            }
        }

        /** Takes the longest sequence that begins at a document, and returns its length; 0 if there is none. */
        private int take(long[] all, int at) {
            List<long[]> sequences = sought.getOrDefault(all[at], List.of());
            long[] longest = null;
            for (long[] sequence : sequences) {
                boolean isLonger = longest == null || sequence.length > longest.length;
                if (isLonger && isAt(all, at, sequence)) {
                    longest = sequence;
                }
            }
            if (longest == null) {
                return 0;
            }
            sequences.remove(longest);
            return longest.length;
        }

        private static boolean isAt(long[] all, int at, long[] sequence) {
            for (int i = 0; i < sequence.length; i++) {
                if (at + i >= all.length || all[at + i] != sequence[i]) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public Map<Long, Set<Integer>> documents() {
            search();
            return found;
        }

        @Override
        public int rows() {
            search();
            return rows;
        }
    }
}
