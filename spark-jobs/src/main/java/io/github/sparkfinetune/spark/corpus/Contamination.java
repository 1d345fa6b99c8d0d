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
 * Training documents that hold an n-gram of a held-out document, by
 * {@link io.github.sparkfinetune.data.corpus.similar.NgramKeys}. A Bloom filter of the held-out n-grams drops nearly
 * all other n-grams of the training documents. An exact join compares the rest. The filter has a largest size: with
 * much held-out text it drops fewer n-grams. The join finds the same documents then, and holds neither side in memory.
 *
 * <p>A held-out document of fewer than n words has no n-gram, so no training document contains it.
 */
public final class Contamination {
    private static final String NGRAM = "ngram";
    private static final StructType NGRAMS = DocumentId.columns(new StructType(), NGRAM);

    private Contamination() {}

    /**
     * Finds the contaminated training documents, each with its held-out document. Of several held-out documents, the
     * one with the smallest content hash is returned.
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

    /** Returns one row per key of two columns: the one whose held-out document has the smallest content hash. */
    private static Dataset<Row> smallest(Dataset<Row> rows, String key) {
        String document = "smallest";
        return rows.groupBy(key + 1, key + 2)
                .agg(min(struct(col(Edges.PARENT + 1), col(Edges.PARENT + 2))).as(document))
                .select(key + 1, key + 2, document + "." + Edges.PARENT + 1, document + "." + Edges.PARENT + 2);
    }
}
