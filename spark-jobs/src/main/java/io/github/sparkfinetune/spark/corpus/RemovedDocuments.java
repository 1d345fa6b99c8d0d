package io.github.sparkfinetune.spark.corpus;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/**
 * Documents that are removed, each with the document that it duplicates or contains. The rows stay on the executors
 * until this is closed.
 */
public final class RemovedDocuments implements AutoCloseable {
    private static final String DOCUMENT = "document";
    private static final String PARTITION = "partition";
    private static final StructType PLACED =
            DocumentId.columns(new StructType(), DOCUMENT).add(PARTITION, DataTypes.IntegerType, false);

    private final SparkSession spark;
    private final Dataset<Row> edges;
    private final long count;

    /** @param edges persisted rows of {@link Edges}, one per removed document; closing this frees them */
    RemovedDocuments(SparkSession spark, Dataset<Row> edges) {
        this.spark = spark;
        this.edges = edges;
        this.count = edges.count();
    }

    /** Returns each removed document with the document that it is removed for. */
    public JavaPairRDD<ContentHash, ContentHash> documents() {
        return edges.toJavaRDD().mapToPair(row -> new Tuple2<>(node(row), parent(row)));
    }

    public long count() {
        return count;
    }

    /**
     * Returns the removed documents of each partition of an RDD, for a later pass over that RDD. The result has as many
     * partitions, with one map each.
     *
     * @param contents documents of the RDD, or their hashes
     */
    public JavaRDD<Map<ContentHash, ContentHash>> within(JavaRDD<ContentHash> contents) {
        JavaRDD<Row> placed =
                contents.mapPartitionsWithIndex((partition, hashes) -> new Placed(partition, hashes), false);
        Dataset<Row> located = spark.createDataFrame(placed, PLACED);
        // The hash of a number is the number.
        HashPartitioner partitioner = new HashPartitioner(contents.getNumPartitions());
        JavaPairRDD<Integer, Tuple2<ContentHash, ContentHash>> removed = edges.join(
                        located,
                        col(Edges.NODE + 1)
                                .equalTo(col(DOCUMENT + 1))
                                .and(col(Edges.NODE + 2).equalTo(col(DOCUMENT + 2))))
                .toJavaRDD()
                .mapToPair(row -> new Tuple2<>(row.<Integer>getAs(PARTITION), new Tuple2<>(node(row), parent(row))));
        return Shuffles.gathered(removed, partitioner).partitionBy(partitioner).mapPartitions(pairs -> {
            Map<ContentHash, ContentHash> map = new HashMap<>();
            pairs.forEachRemaining(pair -> map.put(pair._2()._1(), pair._2()._2()));
            return List.of(map).iterator();
        });
    }

    private record Placed(int partition, Iterator<ContentHash> hashes) implements Iterator<Row> {
        @Override
        public boolean hasNext() {
            return hashes.hasNext();
        }

        @Override
        public Row next() {
            DocumentId id = DocumentId.of(hashes.next());
            return RowFactory.create(id.first(), id.second(), partition);
        }
    }

    private static ContentHash node(Row row) {
        return DocumentId.of(row, Edges.NODE).toHash();
    }

    private static ContentHash parent(Row row) {
        return DocumentId.of(row, Edges.PARENT).toHash();
    }

    @Override
    public void close() {
        edges.unpersist();
    }
}
