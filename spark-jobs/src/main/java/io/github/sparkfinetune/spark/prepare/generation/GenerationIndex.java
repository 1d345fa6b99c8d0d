package io.github.sparkfinetune.spark.prepare.generation;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.corpus.Membership;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.storage.StorageLevel;
import org.apache.spark.util.sketch.BloomFilter;
import scala.Tuple2;

/**
 * Rows of the index of a dataset's generations. A search reads only the columns that it needs. A Bloom filter of the
 * searched contents drops all other rows before they are shuffled.
 *
 * @param files files with the rows of the generations
 * @param removed numbers of the files that the sources do not have any more, by generation
 * @param seed seed of the dataset
 */
record GenerationIndex(SparkSession spark, String[] files, Map<Integer, BitSet> removed, long seed) {
    private static final String FIRST = "first";
    private static final String PARTITION = "partition";
    private static final StructType SEARCHED = new StructType()
            .add(IndexSchema.POSITION, DataTypes.LongType, false)
            .add(IndexSchema.SECOND, DataTypes.LongType, false)
            .add(FIRST, DataTypes.LongType, false)
            .add(PARTITION, DataTypes.IntegerType, false);
    private static final StructType IDENTITY = new StructType()
            .add(IndexSchema.POSITION, DataTypes.LongType, false)
            .add(IndexSchema.SECOND, DataTypes.LongType, false)
            .add(IndexSchema.SPLIT, DataTypes.IntegerType, false);

    private Dataset<Row> rows() {
        return spark.read().parquet(files);
    }

    /** Returns the rows whose file is, or is not, among some files. */
    private Dataset<Row> ofFiles(Map<Integer, BitSet> some, boolean among) {
        return IndexFiles.ofFiles(rows(), some, among);
    }

    private static Dataset<Row> passing(Broadcast<BloomFilter> filter, Dataset<Row> rows) {
        return rows.filter(Membership.passes(filter, IndexSchema.POSITION));
    }

    /**
     * Returns the documents of each partition that the dataset has, with the splits that have them, one bit each. The
     * result has as many partitions, with one map each.
     *
     * @param contents hashes of documents
     * @param erased hashes of documents that must not be added to any split
     */
    JavaRDD<Map<ContentHash, Integer>> known(JavaRDD<ContentHash> contents, Set<ContentHash> erased) {
        long ownSeed = seed;
        Set<ContentHash> never = new HashSet<>(erased);
        JavaRDD<Row> searched = contents.mapPartitionsWithIndex(
                (partition, hashes) -> {
                    Set<ContentHash> distinct = new HashSet<>();
                    hashes.forEachRemaining(distinct::add);
                    return distinct.stream()
                            .map(hash -> RowFactory.create(
                                    IndexSchema.position(hash, ownSeed), hash.second(), hash.first(), partition))
                            .iterator();
                },
                true);
        HashPartitioner partitioner = new HashPartitioner(contents.getNumPartitions());
        JavaPairRDD<Integer, Tuple2<ContentHash, Integer>> found = found(spark.createDataFrame(searched, SEARCHED));
        return Shuffles.gathered(found, partitioner)
                .partitionBy(partitioner)
                .values()
                .mapPartitions(pairs -> {
                    Map<ContentHash, Integer> splits = new HashMap<>();
                    never.forEach(hash -> splits.put(hash, Occurrence.EVERY_SPLIT));
                    pairs.forEachRemaining(pair -> splits.merge(pair._1(), pair._2(), (a, b) -> a | b));
                    return List.of(splits).iterator();
                });
    }

    private JavaPairRDD<Integer, Tuple2<ContentHash, Integer>> found(Dataset<Row> searched) {
        if (files.length == 0) {
            return JavaSparkContext.fromSparkContext(spark.sparkContext())
                    .<Tuple2<Integer, Tuple2<ContentHash, Integer>>>emptyRDD()
                    .mapToPair(pair -> pair);
        }
        Broadcast<BloomFilter> filter =
                Membership.of(spark, searched, IndexSchema.POSITION, searched.count(), Membership.MOST_BITS);
        return passing(filter, ofFiles(removed, false))
                .select(IndexSchema.POSITION, IndexSchema.SECOND, IndexSchema.SPLIT)
                .join(searched, new String[] {IndexSchema.POSITION, IndexSchema.SECOND})
                .toJavaRDD()
                .mapToPair(row -> new Tuple2<>(
                        row.<Integer>getAs(PARTITION),
                        new Tuple2<>(
                                new ContentHash(row.getAs(FIRST), row.getAs(IndexSchema.SECOND)),
                                1 << row.<Integer>getAs(IndexSchema.SPLIT))));
    }

    /**
     * Finds the documents of some files that no other file has in the same split.
     *
     * @param now numbers of the files, by generation; they are among the removed files
     * @param use receives the documents, which are read as often as it computes them
     */
    <T> T gone(Map<Integer, BitSet> now, Function<JavaRDD<GoneDocument>, T> use) {
        String[] identity = IDENTITY.fieldNames();
        Dataset<Row> candidates = ofFiles(now, true)
                .select(columns(identity))
                .dropDuplicates(identity)
                .persist(StorageLevel.MEMORY_AND_DISK_SER());
        try {
            Broadcast<BloomFilter> filter =
                    Membership.of(spark, candidates, IndexSchema.POSITION, candidates.count(), Membership.MOST_BITS);
            Dataset<Row> kept = passing(filter, ofFiles(removed, false)).select(columns(identity));
            Dataset<Row> samples =
                    passing(filter, rows()).filter(col(IndexSchema.PIECES).isNotNull());
            // A document that came back after it was erased has samples in several generations.
            return use.apply(samples.join(candidates.join(kept, identity, "left_anti"), identity)
                    .toJavaRDD()
                    .mapToPair(row -> new Tuple2<>(identity(row), gone(row)))
                    .reduceByKey((a, b) -> a.generation() >= b.generation() ? a : b)
                    .values());
        } finally {
            candidates.unpersist();
        }
    }

    private static Column[] columns(String... names) {
        return Arrays.stream(names).map(name -> col(name)).toArray(Column[]::new);
    }

    private static List<Long> identity(Row row) {
        return List.of(
                row.<Long>getAs(IndexSchema.POSITION),
                row.<Long>getAs(IndexSchema.SECOND),
                row.<Integer>getAs(IndexSchema.SPLIT).longValue());
    }

    private static GoneDocument gone(Row row) {
        return new GoneDocument(
                row.getAs(IndexSchema.GENERATION),
                row.getAs(IndexSchema.SPLIT),
                row.getAs(IndexSchema.POSITION),
                RowPieces.ofBytes(row.getAs(IndexSchema.PIECES)));
    }
}
