package io.github.sparkfinetune.spark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;

import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.sketch.BloomFilter;

/**
 * Training documents that hold an n-gram of a held-out one, by {@link io.github.sparkfinetune.data.corpus.NgramKeys}. A
 * Bloom filter of the held-out n-grams lets next to no other n-gram of the training documents through to a join with
 * them, which is exact. The filter has a largest size: of much held-out text it lets more through, and the join, which
 * needs memory for neither side, finds the same.
 *
 * <p>A held-out document of fewer than n words has no n-gram, so it is found nowhere.
 */
public final class Contamination {
    private static final String NGRAM = "ngram";
    private static final StructType NGRAMS = DocumentId.columns(new StructType(), NGRAM);

    private Contamination() {}

    /**
     * Finds them, each with the held-out document: of several the one with the smallest content hash.
     *
     * @param n words of an n-gram
     */
    public static RemovedDocuments find(
            SparkSession spark, JavaRDD<HashedText> training, JavaRDD<HashedText> heldOut, int n) {
        return find(spark, training, heldOut, n, Membership.MOST_BITS);
    }

    static RemovedDocuments find(
            SparkSession spark, JavaRDD<HashedText> training, JavaRDD<HashedText> heldOut, int n, long mostBits) {
        try (PersistedRows kept = new PersistedRows()) {
            JavaRDD<Row> held = heldOut.mapPartitions(texts -> new Ngrams(texts, n, ngram -> true));
            Dataset<Row> known =
                    kept.onDisk(smallest(spark.createDataFrame(held, DocumentId.columns(NGRAMS, Edges.PARENT)), NGRAM));
            Broadcast<BloomFilter> filter = Membership.of(spark, known, NGRAM + 1, known.count(), mostBits);
            JavaRDD<Row> found =
                    training.mapPartitions(texts -> new Ngrams(texts, n, filter.value()::mightContainLong));
            Dataset<Row> shared = spark.createDataFrame(found, DocumentId.columns(NGRAMS, Edges.NODE))
                    .join(known, NGRAMS.fieldNames());
            Dataset<Row> contaminated = smallest(shared, Edges.NODE).persist(StorageLevel.MEMORY_AND_DISK_SER());
            return new RemovedDocuments(spark, contaminated);
        }
    }

    /** Of rows with an equal key of two columns, the held-out document with the smallest content hash. */
    private static Dataset<Row> smallest(Dataset<Row> rows, String key) {
        String document = "smallest";
        return rows.groupBy(key + 1, key + 2)
                .agg(min(struct(col(Edges.PARENT + 1), col(Edges.PARENT + 2))).as(document))
                .select(key + 1, key + 2, document + "." + Edges.PARENT + 1, document + "." + Edges.PARENT + 2);
    }
}
