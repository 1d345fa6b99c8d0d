package io.github.sparkfinetune.spark.estimate;

import io.github.sparkfinetune.data.task.RowKey;
import io.github.sparkfinetune.spark.corpus.NearDuplicates;
import io.github.sparkfinetune.spark.prepare.SplitSearch;
import io.github.sparkfinetune.spark.shuffle.Levels;
import io.github.sparkfinetune.spark.source.SourceFiles;
import io.github.sparkfinetune.spark.source.SourcePartitions;
import io.github.sparkfinetune.spark.source.SourceScan;
import io.github.sparkfinetune.spark.source.Sources;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Tasks, shuffles and disk of {@code prepare} for a source that need not exist. All numbers of tasks and shards come
 * from the code that the job runs.
 *
 * @param corpus source and its documents
 * @param partitions number of tasks that read the source
 * @param shards number of shards
 * @param shuffles shuffles whose size grows with the documents
 * @param persisted bytes that executors keep on their disks between two passes, beside the shuffles
 */
public record PrepareEstimate(
        Corpus corpus, int partitions, int shards, List<ShuffleEstimate> shuffles, long persisted) {
    /** Array in Java's serialization: tag, handle of the class, length. A row is two arrays. */
    private static final long ARRAY_BYTES = 10;
    /** Hash and origin of a row in Java's serialization. */
    private static final long HASH_BYTES = 100;
    /** Pairs of a document: more than in corpora of the web, where fewer than half of the documents are in a pair. */
    private static final int PAIRS = 1;
    /** First and second half of the hash, in memory or on disk until the split is known. */
    private static final long KEPT_HASH_BYTES = 16;

    /**
     * A source and its documents.
     *
     * @param source source with its number and size of files
     * @param documents number of documents
     * @param labels number of labels
     * @param cores number of cores of the cluster
     */
    public record Corpus(SourceFiles source, long documents, int labels, int cores) {
        long textBytes() {
            return source.size().textBytes();
        }
    }

    /**
     * Estimates {@code prepare} with {@code data.deduplicate}.
     *
     * @param near options of near-deduplication, if it is enabled
     */
    public static PrepareEstimate of(Corpus corpus, Optional<NearDuplicates.Options> near) {
        return of(corpus, near, Sources.shards(List.of(corpus.source())));
    }

    static PrepareEstimate of(Corpus corpus, Optional<NearDuplicates.Options> near, int shards) {
        int partitions = SourcePartitions.partitions(corpus.source(), corpus.cores());
        long documents = corpus.documents();
        List<ShuffleEstimate> shuffles = new ArrayList<>();
        int hashing = SourceScan.tasks(documents);
        shuffles.add(new ShuffleEstimate(
                "hashes", Levels.of(Math.min(partitions, hashing), hashing), documents, HASH_BYTES));
        long persisted = documents * KEPT_HASH_BYTES;
        if (near.isPresent()) {
            long shingles = NearDuplicates.shingleBytes(corpus.textBytes());
            persisted += shingles;
            shuffles.addAll(near(corpus, near.get(), partitions, shingles));
        }
        long encoded = corpus.textBytes() / documents;
        shuffles.add(new ShuffleEstimate(
                "samples", Levels.of(partitions, shards), documents, RowKey.BYTES + encoded + 2 * ARRAY_BYTES));
        return new PrepareEstimate(corpus, partitions, shards, List.copyOf(shuffles), persisted);
    }

    /** Returns the shuffles of near-deduplication if a document is in {@value #PAIRS} pairs. */
    private static List<ShuffleEstimate> near(
            Corpus corpus, NearDuplicates.Options options, int partitions, long shingles) {
        long documents = corpus.documents();
        Levels levels = Levels.of(partitions, NearDuplicates.partitions(documents, shingles, options, corpus.cores()));
        long pairs = documents * PAIRS;
        long set = shingles / documents;
        return List.of(
                new ShuffleEstimate("bands", levels, documents * options.keys(), NearDuplicates.BUCKET_ROW_BYTES),
                // A pair meets in several bands.
                new ShuffleEstimate(
                        "pairs", levels.among(), pairs * options.keys() / 2, NearDuplicates.BUCKET_ROW_BYTES),
                new ShuffleEstimate("shingles", levels, documents, set),
                new ShuffleEstimate("requests", levels.among(), pairs, NearDuplicates.BUCKET_ROW_BYTES),
                new ShuffleEstimate("parents", levels.among(), pairs, set));
    }

    /** Returns the largest number of blocks of a shuffle for each task of both of its sides. */
    public double blocksPerTask() {
        return shuffles.stream()
                .mapToDouble(ShuffleEstimate::blocksPerTask)
                .max()
                .orElse(0);
    }

    /** Returns the bytes of all shuffles before compression. */
    public long shuffled() {
        return shuffles.stream().mapToLong(ShuffleEstimate::bytes).sum();
    }

    /** Returns the memory of the driver. */
    public DriverEstimate driver() {
        // Each label has a search for its evaluation rows and one for its test rows.
        long searching = SplitSearch.tasks(2 * Math.max(1, corpus.labels()), SourceScan.tasks(corpus.documents()));
        long tasks = searching
                + shuffles.stream()
                        .mapToLong(
                                shuffle -> shuffle.writers() + shuffle.levels().reducers())
                        .sum();
        long writers = shuffles.stream().mapToLong(ShuffleEstimate::writers).sum();
        return DriverEstimate.of(corpus.source(), tasks, writers, shards, corpus.labels());
    }
}
