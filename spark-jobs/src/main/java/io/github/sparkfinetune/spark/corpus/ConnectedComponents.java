package io.github.sparkfinetune.spark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;

import io.github.sparkfinetune.spark.shuffle.Levels;
import io.github.sparkfinetune.spark.shuffle.Shuffles;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.storage.StorageLevel;

/**
 * Connected components by alternating large-star and small-star (Kiveris et al., "Connected Components in MapReduce and
 * Beyond", 2014). Every round brings nodes closer to the smallest node of their component. After O(log^2 n) rounds, in
 * practice a few, each node is linked to the smallest node only. No task holds the neighbours of a node. The driver
 * sees a count and a checksum per round.
 */
final class ConnectedComponents {
    private static final Column[] COLUMNS =
            Arrays.stream(Edges.SCHEMA.fieldNames()).map(name -> col(name)).toArray(Column[]::new);

    private final SparkSession spark;
    private final int partitions;

    ConnectedComponents(SparkSession spark, int partitions) {
        this.spark = spark;
        this.partitions = partitions;
    }

    /**
     * Returns every node except the smallest of its component, each with the smallest. The result is persisted.
     *
     * @param edges rows of {@link Edges}, which stay persisted or not as they are
     * @return edges from a node to the smallest node of its component
     */
    Dataset<Row> of(Dataset<Row> edges) {
        Dataset<Row> current = edges;
        Row before = checksum(current);
        while (true) {
            Dataset<Row> both = current.union(current.select(COLUMNS[2], COLUMNS[3], COLUMNS[0], COLUMNS[1]));
            Dataset<Row> next = step(step(both, Star::large), Star::small).persist(StorageLevel.MEMORY_AND_DISK_SER());
            Row after = checksum(next);
            if (current != edges) {
                current.unpersist();
            }
            current = next;
            if (after.equals(before)) {
                return current;
            }
            before = after;
        }
    }

    private Dataset<Row> step(Dataset<Row> edges, Function<Iterator<InternalRow>, Star> star) {
        // The first step reads both directions of the edges, so twice as many partitions.
        Dataset<Row> sorted = Shuffles.repartition(edges, Levels.of(2 * partitions, partitions), COLUMNS[0], COLUMNS[1])
                .sortWithinPartitions(COLUMNS);
        return spark.createDataFrame(
                sorted.queryExecution().toRdd().toJavaRDD().mapPartitions(star::call), Edges.SCHEMA);
    }

    /** Returns a row that is equal for equal sets of edges. Rounds end when a round changes nothing. */
    private static Row checksum(Dataset<Row> edges) {
        String columns = String.join(", ", Edges.SCHEMA.fieldNames());
        return edges.agg(count(lit(1)), expr("bit_xor(xxhash64(" + columns + "))"))
                .first();
    }
}
