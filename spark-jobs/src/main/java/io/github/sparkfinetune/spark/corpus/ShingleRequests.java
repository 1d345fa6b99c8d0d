package io.github.sparkfinetune.spark.corpus;

import io.github.sparkfinetune.spark.shuffle.BytesOrder;
import io.github.sparkfinetune.spark.shuffle.Levels;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import java.nio.ByteBuffer;
import java.util.Iterator;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import scala.Tuple2;

/**
 * Brings the shingles of parents to the partitions of their pairs. A partition requests the shingles of a parent once,
 * for any number of its pairs.
 */
final class ShingleRequests {
    private static final StructType SCHEMA =
            DocumentId.columns(new StructType(), Edges.PARENT).add("target", DataTypes.IntegerType, false);

    private ShingleRequests() {}

    /**
     * Returns the shingles of the parents of each partition's pairs, each with a {@link #key}, in the order of the
     * parents.
     *
     * @param pairs rows of {@link Edges} in the order of the parents
     * @param documents id and shingles of documents, partitioned and sorted by the id
     */
    static JavaPairRDD<byte[], byte[]> answered(
            SparkSession spark, JavaRDD<InternalRow> pairs, JavaRDD<InternalRow> documents) {
        int partitions = documents.getNumPartitions();
        JavaRDD<Row> distinct = pairs.mapPartitionsWithIndex((target, edges) -> new Distinct(target, edges), true);
        Dataset<Row> requests = Shuffles.repartition(
                        spark.createDataFrame(distinct, SCHEMA),
                        Levels.of(partitions, partitions),
                        Edges.columns(Edges.PARENT))
                .sortWithinPartitions(Edges.columns(Edges.PARENT));
        JavaPairRDD<byte[], byte[]> answers = requests.queryExecution()
                .toRdd()
                .toJavaRDD()
                .<InternalRow, Tuple2<byte[], byte[]>>zipPartitions(documents, Answers::new)
                .mapToPair(answer -> answer);
        Targets targets = new Targets(partitions);
        return Shuffles.gathered(answers, targets).repartitionAndSortWithinPartitions(targets, BytesOrder.UNSIGNED);
    }

    /** Returns the parent of a key. */
    static DocumentId parent(byte[] key) {
        ByteBuffer bytes = ByteBuffer.wrap(key, Integer.BYTES, 2 * Long.BYTES);
        return new DocumentId(bytes.getLong() ^ Long.MIN_VALUE, bytes.getLong() ^ Long.MIN_VALUE);
    }

    /** Returns the partition and the parent as bytes, in whose order parents are sorted. */
    private static byte[] key(int target, DocumentId parent) {
        return ByteBuffer.allocate(Integer.BYTES + 2 * Long.BYTES)
                .putInt(target)
                .putLong(parent.first() ^ Long.MIN_VALUE)
                .putLong(parent.second() ^ Long.MIN_VALUE)
                .array();
    }

    /** Distinct parents of a partition. */
    private static final class Distinct extends Lookahead<Row> {
        private final int target;
        private final Iterator<InternalRow> pairs;
        private DocumentId parent;

        Distinct(int target, Iterator<InternalRow> pairs) {
            this.target = target;
            this.pairs = pairs;
        }

        @Override
        protected Row advance() {
            while (pairs.hasNext()) {
                DocumentId next = InternalRows.Edge.of(pairs.next()).parent();
                if (!next.equals(parent)) {
                    parent = next;
                    return RowFactory.create(next.first(), next.second(), target);
                }
            }
            return null;
        }
    }

    /** Requests of a partition's documents, with the shingles. */
    private static final class Answers extends Lookahead<Tuple2<byte[], byte[]>> {
        private final Iterator<InternalRow> requests;
        private final Iterator<InternalRow> documents;
        private DocumentId document;
        private byte[] shingles;

        Answers(Iterator<InternalRow> requests, Iterator<InternalRow> documents) {
            this.requests = requests;
            this.documents = documents;
        }

        @Override
        protected Tuple2<byte[], byte[]> advance() {
            if (!requests.hasNext()) {
                return null;
            }
            InternalRows.Request request = InternalRows.Request.of(requests.next());
            // Spark's cached rows are read ahead by hasNext.
            while (!request.parent().equals(document) && documents.hasNext()) {
                InternalRows.Shingled next = InternalRows.Shingled.of(documents.next());
                document = next.document();
                shingles = next.shingles();
            }
            return new Tuple2<>(key(request.target(), request.parent()), shingles);
        }
    }

    /** The partition at the beginning of a {@link #key}. */
    private static final class Targets extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final int partitions;

        Targets(int partitions) {
            this.partitions = partitions;
        }

        @Override
        public int numPartitions() {
            return partitions;
        }

        @Override
        public int getPartition(Object key) {
            return ByteBuffer.wrap((byte[]) key).getInt();
        }
    }
}
