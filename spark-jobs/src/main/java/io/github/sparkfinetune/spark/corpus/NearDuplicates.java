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
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
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
    private static final long BUCKET_ROW_BYTES = 40;
    /** Spark's own target: spark.sql.adaptive.advisoryPartitionSizeInBytes. */
    private static final long PARTITION_BYTES = 64L << 20;

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
    public record Options(int ngram, int bands, int rows, double threshold, long seed) {}

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
                    .agg(count(lit(1)), coalesce(sum(length(col(SHINGLES))), lit(0L)))
                    .first();
            long bytes = Math.max(size.getLong(0) * 2 * options.bands() * BUCKET_ROW_BYTES, size.getLong(1));
            int partitions = (int) Math.max(leastPartitions, bytes / PARTITION_BYTES);
            Dataset<Row> candidates = kept.inMemory(candidates(spark, documents, options, partitions));
            long compared = candidates.count();
            Dataset<Row> paired = kept.onDisk(paired(spark, documents, candidates, compared, partitions));
            Dataset<Row> similar = kept.inMemory(similar(candidates, paired, options.threshold()));
            long edges = similar.count();
            Dataset<Row> components = new ConnectedComponents(spark, partitions).of(similar);
            return new NearDuplicates(new RemovedDocuments(spark, components), new Counts(compared, edges));
        }
    }

    private static Dataset<Row> shingled(SparkSession spark, JavaRDD<HashedText> texts, int ngram) {
        JavaRDD<Row> rows = texts.map(text -> {
            DocumentId id = DocumentId.of(text.hash());
            return RowFactory.create(id.first(), id.second(), Shingles.toBytes(Shingles.of(text.text(), ngram)));
        });
        return spark.createDataFrame(rows, SHINGLED);
    }

    private static Dataset<Row> candidates(
            SparkSession spark, Dataset<Row> documents, Options options, int partitions) {
        MinHash minHash = new MinHash(options.bands(), options.rows(), options.seed());
        UserDefinedFunction keys = udf(
                (UDF1<byte[], long[]>) shingles -> minHash.bandKeys(Shingles.fromBytes(shingles)),
                DataTypes.createArrayType(DataTypes.LongType, false));
        Dataset<Row> buckets = documents
                .select(explode(keys.apply(col(SHINGLES))).as(KEY), col(DOCUMENT + 1), col(DOCUMENT + 2))
                .repartition(partitions, col(KEY))
                .sortWithinPartitions(KEY, DOCUMENT + 1, DOCUMENT + 2);
        JavaRDD<Row> pairs = buckets.queryExecution().toRdd().toJavaRDD().mapPartitions(CandidatePairs::new);
        // A pair meets in several bands. These partitions are the ones that the first join needs.
        return spark.createDataFrame(pairs, Edges.SCHEMA)
                .repartition(partitions, col(Edges.PARENT + 1), col(Edges.PARENT + 2))
                .distinct();
    }

    /** Returns the documents that are in a pair, and the few others that pass the filter. */
    private static Dataset<Row> paired(
            SparkSession spark, Dataset<Row> documents, Dataset<Row> candidates, long pairs, int partitions) {
        Dataset<Row> halves = candidates.select(col(Edges.NODE + 1)).union(candidates.select(col(Edges.PARENT + 1)));
        Broadcast<BloomFilter> filter = Membership.of(spark, halves, Edges.NODE + 1, 2 * pairs, Membership.MOST_BITS);
        UserDefinedFunction passes =
                udf((UDF1<Long, Boolean>) first -> filter.value().mightContainLong(first), DataTypes.BooleanType);
        return documents
                .filter(passes.apply(col(DOCUMENT + 1)))
                .repartition(partitions, col(DOCUMENT + 1), col(DOCUMENT + 2))
                .dropDuplicates(DOCUMENT + 1, DOCUMENT + 2);
    }

    private static Dataset<Row> similar(Dataset<Row> candidates, Dataset<Row> documents, double threshold) {
        UserDefinedFunction jaccard = udf((UDF2<byte[], byte[], Double>) Shingles::jaccard, DataTypes.DoubleType);
        // The join with the parent comes first: a document that many documents are compared with is then read once, and
        // its partners are spread over the partitions.
        return candidates
                .join(renamed(documents, Edges.PARENT), same(candidates, Edges.PARENT))
                .join(renamed(documents, Edges.NODE), same(candidates, Edges.NODE))
                .filter(jaccard.apply(col(SHINGLES + Edges.PARENT), col(SHINGLES + Edges.NODE))
                        .geq(threshold))
                .select(candidates.col("*"));
    }

    private static Dataset<Row> renamed(Dataset<Row> documents, String role) {
        return documents.select(
                col(DOCUMENT + 1).as(DOCUMENT + role + 1),
                col(DOCUMENT + 2).as(DOCUMENT + role + 2),
                col(SHINGLES).as(SHINGLES + role));
    }

    private static Column same(Dataset<Row> candidates, String role) {
        return candidates
                .col(role + 1)
                .equalTo(col(DOCUMENT + role + 1))
                .and(candidates.col(role + 2).equalTo(col(DOCUMENT + role + 2)));
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
