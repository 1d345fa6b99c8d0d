package io.github.sparkfinetune.spark.corpus;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.length;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.udf;

import io.github.sparkfinetune.data.corpus.similar.MinHash;
import io.github.sparkfinetune.data.corpus.similar.Shingles;
import io.github.sparkfinetune.spark.shuffle.Levels;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.sketch.BloomFilter;

/**
 * Near-duplicates among documents. The steps are shingle sets, banded MinHash keys, candidate pairs, the exact Jaccard
 * similarity of each pair, and the connected components of the pairs that reach the threshold. The document with the
 * smallest content hash of a component survives. The result therefore depends only on the documents, not on their order
 * or partitions.
 *
 * <p>A document with fewer words than a shingle is no near-duplicate of any document.
 */
public final class NearDuplicates implements AutoCloseable {
    private static final String DOCUMENT = "document";
    private static final String SHINGLES = "shingles";
    private static final String KEY = "key";
    private static final StructType SHINGLED =
            DocumentId.columns(new StructType(), DOCUMENT).add(SHINGLES, DataTypes.BinaryType, false);

    /** Size of a key and a document in Spark's sort. */
    public static final long BUCKET_ROW_BYTES = 40;
    /** Size of an edge in Spark's sort, in both directions. */
    private static final long LINKS_BYTES = 2 * 48;
    /** Spark's own target: spark.sql.adaptive.advisoryPartitionSizeInBytes. */
    private static final long PARTITION_BYTES = 64L << 20;

    private static final int MOST_PARTITIONS = 50_000;
    /** Words of English text have about six letters with their blank. A shingle begins at nearly every word. */
    private static final int WORD_BYTES = 6;

    private final RemovedDocuments removed;
    private final Counts counts;

    /**
     * Options of a search.
     *
     * @param ngram words of a shingle
     * @param bands bands of {@link MinHash}
     * @param rows minima of a band
     * @param threshold least similarity of near-duplicates, in (0, 1]
     * @param seed seed of the hash functions
     */
    public record Options(int ngram, int bands, int rows, double threshold, long seed) {
        /** Returns the number of buckets of a document. */
        public int keys() {
            return 2 * bands;
        }
    }

    /**
     * Numbers of pairs.
     *
     * @param candidates pairs that were compared
     * @param similar compared pairs that reach the threshold
     */
    public record Counts(long candidates, long similar) {}

    private NearDuplicates(RemovedDocuments removed, Counts counts) {
        this.removed = removed;
        this.counts = counts;
    }

    /** Finds the near-duplicates among documents. */
    public static NearDuplicates find(SparkSession spark, JavaRDD<HashedText> texts, Options options) {
        return find(spark, texts, options, spark.sparkContext().defaultParallelism());
    }

    static NearDuplicates find(SparkSession spark, JavaRDD<HashedText> texts, Options options, int leastPartitions) {
        try (PersistedRows kept = new PersistedRows()) {
            Dataset<Row> documents = kept.onDisk(shingled(spark, texts, options.ngram()));
            Row size = documents
                    .agg(
                            count(lit(1)).as("documents"),
                            coalesce(sum(length(col(SHINGLES))), lit(0L)).as("bytes"))
                    .first();
            int partitions = partitions(size.getAs("documents"), size.getAs("bytes"), options, leastPartitions);
            Levels levels = Levels.of(texts.getNumPartitions(), partitions);
            Dataset<Row> candidates = kept.inMemory(candidates(spark, documents, options, levels));
            long compared = candidates.count();
            Dataset<Row> similar = candidates;
            if (compared > 0) {
                Dataset<Row> paired = kept.onDisk(paired(spark, documents, candidates, compared, levels));
                similar = kept.inMemory(PairSimilarity.atLeast(options.threshold(), spark, candidates, paired));
            }
            long edges = similar.count();
            int linked = (int) Math.min(partitions, Math.max(leastPartitions, edges * LINKS_BYTES / PARTITION_BYTES));
            Dataset<Row> components = new ConnectedComponents(spark, linked).of(similar);
            return new NearDuplicates(new RemovedDocuments(spark, components), new Counts(compared, edges));
        }
    }

    /** Returns the number of partitions in which documents are compared. */
    public static int partitions(long documents, long shingleBytes, Options options, int least) {
        long bytes = Math.max(documents * options.keys() * BUCKET_ROW_BYTES, shingleBytes);
        return (int) Math.min(Math.max(least, bytes / PARTITION_BYTES), Math.max(least, MOST_PARTITIONS));
    }

    /**
     * Returns the approximate bytes of the shingles of a text, which executors keep on their disks during a search.
     *
     * @param textBytes length of the text
     */
    public static long shingleBytes(long textBytes) {
        return Long.BYTES * (textBytes / WORD_BYTES);
    }

    private static Dataset<Row> shingled(SparkSession spark, JavaRDD<HashedText> texts, int ngram) {
        JavaRDD<Row> rows = texts.mapPartitions(WithoutCopies::new).map(text -> {
            DocumentId id = DocumentId.of(text.hash());
            return RowFactory.create(id.first(), id.second(), Shingles.toBytes(Shingles.of(text.text(), ngram)));
        });
        return spark.createDataFrame(rows, SHINGLED);
    }

    private static Dataset<Row> candidates(SparkSession spark, Dataset<Row> documents, Options options, Levels levels) {
        MinHash minHash = new MinHash(options.bands(), options.rows(), options.seed());
        UserDefinedFunction keys = udf(
                (UDF1<byte[], long[]>) shingles -> minHash.bandKeys(Shingles.fromBytes(shingles)),
                DataTypes.createArrayType(DataTypes.LongType, false));
        Dataset<Row> banded =
                documents.select(explode(keys.apply(col(SHINGLES))).as(KEY), col(DOCUMENT + 1), col(DOCUMENT + 2));
        Dataset<Row> buckets =
                Shuffles.repartition(banded, levels, col(KEY)).sortWithinPartitions(KEY, DOCUMENT + 1, DOCUMENT + 2);
        JavaRDD<Row> pairs = buckets.queryExecution().toRdd().toJavaRDD().mapPartitions(CandidatePairs::new);
        // A pair meets in several bands. A document is the node of few pairs, but maybe the parent of a million.
        return Shuffles.repartition(
                        spark.createDataFrame(pairs, Edges.SCHEMA), levels.among(), Edges.columns(Edges.NODE))
                .distinct();
    }

    /** Returns the documents that are in a pair, and the few others that pass the filter. */
    private static Dataset<Row> paired(
            SparkSession spark, Dataset<Row> documents, Dataset<Row> candidates, long pairs, Levels levels) {
        Dataset<Row> halves = candidates.select(col(Edges.NODE + 1)).union(candidates.select(col(Edges.PARENT + 1)));
        Broadcast<BloomFilter> filter = Membership.of(spark, halves, Edges.NODE + 1, 2 * pairs, Membership.MOST_BITS);
        Dataset<Row> passed = documents.filter(Membership.passes(filter, DOCUMENT + 1));
        return Shuffles.repartition(passed, levels, col(DOCUMENT + 1), col(DOCUMENT + 2))
                .dropDuplicates(DOCUMENT + 1, DOCUMENT + 2)
                .sortWithinPartitions(DOCUMENT + 1, DOCUMENT + 2);
    }

    /**
     * Returns all documents of each component except the one with the smallest content hash, which is each removed
     * document's counterpart.
     */
    public RemovedDocuments removed() {
        return removed;
    }

    /** Returns how many pairs were compared and how many are similar. */
    public Counts counts() {
        return counts;
    }

    @Override
    public void close() {
        removed.close();
    }
}
