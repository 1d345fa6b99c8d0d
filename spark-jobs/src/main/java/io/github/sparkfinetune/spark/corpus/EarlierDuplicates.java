package io.github.sparkfinetune.spark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.struct;
import static org.apache.spark.sql.functions.udf;

import io.github.sparkfinetune.data.corpus.similar.MinHash;
import io.github.sparkfinetune.data.corpus.similar.Shingles;
import io.github.sparkfinetune.spark.shuffle.Levels;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.sketch.BloomFilter;

/**
 * Near-duplicates in a dataset that grows. Documents have an order: their generation, then their content hash. A
 * document is removed if a document before it reaches the threshold, whether that one is removed or not. So later
 * documents never change what became of a document.
 *
 * <p>The similarity is estimated by {@link MinHash#signature signatures}, which are small enough to be kept and read
 * again. Documents that share a band's key are a bucket. A document is compared with the first
 * {@value CandidatePairs#ALL_PAIRS} documents of each of its buckets.
 */
public final class EarlierDuplicates {
    /** Column with the last bits of a document's minima. */
    public static final String SIGNATURE = "signature";
    /** Column with the generation of a document. */
    public static final String GENERATION = "generation";
    /** Prefix of the two columns with a document's identity. */
    public static final String DOCUMENT = "document";
    /** Column that says whether a document may be removed. */
    public static final String IS_NEW = "is_new";

    private static final String KEY = "key";
    private static final StructType SIGNED = DocumentId.columns(new StructType(), DOCUMENT)
            .add("file", DataTypes.IntegerType, false)
            .add(SIGNATURE, DataTypes.BinaryType, false)
            .add(IS_NEW, DataTypes.BooleanType, false);
    /** Size of a document in a bucket in Spark's sort. */
    private static final long BUCKET_ROW_BYTES = 160;

    private EarlierDuplicates() {}

    /**
     * Document of a file.
     *
     * @param document the document
     * @param file number of the file
     * @param isNew whether no earlier generation has the document
     */
    public record Signed(HashedText document, int file, boolean isNew) implements Serializable {}

    /** Returns the documents with their signatures, once for each file. */
    public static Dataset<Row> signed(SparkSession spark, JavaRDD<Signed> documents, NearDuplicates.Options options) {
        MinHash minHash = new MinHash(options.bands(), options.rows(), options.seed());
        int ngram = options.ngram();
        JavaRDD<Row> rows = documents.map(signed -> {
            DocumentId id = DocumentId.of(signed.document().hash());
            byte[] signature = minHash.signature(Shingles.of(signed.document().text(), ngram));
            return RowFactory.create(id.first(), id.second(), signed.file(), signature, signed.isNew());
        });
        return spark.createDataFrame(rows, SIGNED).dropDuplicates(DOCUMENT + 1, DOCUMENT + 2, "file");
    }

    /**
     * Finds the near-duplicates among the new documents of a generation, each with the first document that it is
     * similar to.
     *
     * @param fresh documents of the generation, of {@link #signed}
     * @param earlier documents of earlier generations: {@link #DOCUMENT} 1 and 2, {@link #GENERATION},
     *     {@link #SIGNATURE}
     * @param generation number of the generation
     */
    public static RemovedDocuments find(
            SparkSession spark,
            Dataset<Row> fresh,
            Dataset<Row> earlier,
            int generation,
            NearDuplicates.Options options) {
        MinHash minHash = new MinHash(options.bands(), options.rows(), options.seed());
        UserDefinedFunction keys =
                udf((UDF1<byte[], long[]>) minHash::bandKeys, DataTypes.createArrayType(DataTypes.LongType, false));
        Dataset<Row> banded = fresh.dropDuplicates(DOCUMENT + 1, DOCUMENT + 2)
                .withColumn(GENERATION, lit(generation))
                .withColumn(KEY, explode(keys.apply(col(SIGNATURE))))
                .select(columns(col(IS_NEW)));
        long documents = fresh.count();
        Broadcast<BloomFilter> filter =
                Membership.of(spark, banded, KEY, documents * options.keys(), Membership.MOST_BITS);
        Dataset<Row> before = earlier.withColumn(KEY, explode(keys.apply(col(SIGNATURE))))
                .filter(Membership.passes(filter, KEY))
                .select(columns(lit(false).as(IS_NEW)));
        int partitions = NearDuplicates.partitions(
                documents,
                documents * options.keys() * BUCKET_ROW_BYTES,
                options,
                spark.sparkContext().defaultParallelism());
        Dataset<Row> all = banded.union(before);
        Dataset<Row> buckets = Shuffles.repartition(all, Levels.of(all.rdd().getNumPartitions(), partitions), col(KEY))
                .sortWithinPartitions(KEY, GENERATION, DOCUMENT + 1, DOCUMENT + 2);
        double threshold = options.threshold();
        JavaRDD<Row> similar =
                buckets.queryExecution().toRdd().toJavaRDD().mapPartitions(rows -> new FirstSimilar(rows, threshold));
        String smallest = "smallest";
        Dataset<Row> removed = spark.createDataFrame(similar, Edges.SCHEMA)
                .groupBy(Edges.columns(Edges.NODE))
                .agg(min(struct(Edges.columns(Edges.PARENT))).as(smallest))
                .select(
                        Edges.NODE + 1,
                        Edges.NODE + 2,
                        smallest + "." + Edges.PARENT + 1,
                        smallest + "." + Edges.PARENT + 2)
                .persist(StorageLevel.MEMORY_AND_DISK_SER());
        return new RemovedDocuments(spark, removed);
    }

    private static Column[] columns(Column isNew) {
        return new Column[] {col(KEY), col(GENERATION), col(DOCUMENT + 1), col(DOCUMENT + 2), col(SIGNATURE), isNew};
    }

    /** New documents of sorted buckets, each with the first document of its bucket that it is similar to. */
    private static final class FirstSimilar extends Lookahead<Row> {
        private final Iterator<InternalRow> rows;
        private final double threshold;
        private final List<InternalRows.Member> bucket = new ArrayList<>();

        FirstSimilar(Iterator<InternalRow> rows, double threshold) {
            this.rows = rows;
            this.threshold = threshold;
        }

        @Override
        protected Row advance() {
            while (rows.hasNext()) {
                InternalRows.Member member = InternalRows.Member.of(rows.next());
                if (!bucket.isEmpty() && bucket.get(0).key() != member.key()) {
                    bucket.clear();
                }
                InternalRows.Member first = member.isNew() ? first(member) : null;
                if (bucket.size() < CandidatePairs.ALL_PAIRS) {
                    bucket.add(member);
                }
                if (first != null) {
                    return Edges.row(member.document(), first.document());
                }
            }
            return null;
        }

        private InternalRows.Member first(InternalRows.Member member) {
            for (InternalRows.Member before : bucket) {
                boolean isSame = before.generation() == member.generation()
                        && before.document().equals(member.document());
                if (!isSame && MinHash.similarity(before.signature(), member.signature()) >= threshold) {
                    return before;
                }
            }
            return null;
        }
    }
}
