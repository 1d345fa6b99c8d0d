package io.github.sparkfinetune.spark.shuffle;

import org.apache.spark.HashPartitioner;
import org.apache.spark.Partitioner;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.function.Function2;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/** Shuffles in one level or two, see {@link Levels}. */
public final class Shuffles {
    private static final String ROUTE = "_route";

    private Shuffles() {}

    /**
     * Returns rows from which a shuffle by a partitioner writes few blocks: the rows themselves if the shuffle has one
     * level, else the rows after the first level.
     *
     * @param by partitioner of the shuffle that follows
     */
    public static <K, V> JavaPairRDD<K, V> gathered(JavaPairRDD<K, V> rows, Partitioner by) {
        return gathered(rows, by, Levels.of(rows.getNumPartitions(), by.numPartitions()));
    }

    /** Merges the values of each key in a number of tasks. */
    public static <K, V> JavaPairRDD<K, V> reduced(JavaPairRDD<K, V> rows, int tasks, Function2<V, V, V> merge) {
        Partitioner partitioner = new HashPartitioner(tasks);
        return gathered(rows, partitioner).reduceByKey(partitioner, merge);
    }

    /** Repartitions rows by the hash of columns. */
    public static Dataset<Row> repartition(Dataset<Row> rows, Levels levels, Column... by) {
        int partitions = levels.reducers();
        if (!levels.isTwo()) {
            return rows.repartition(partitions, by);
        }
        int[] routes = Routes.of(levels.between());
        UserDefinedFunction route = functions.udf(
                (UDF2<Integer, Integer, Integer>) (map, reducer) -> routes[levels.first(map, reducer)],
                DataTypes.IntegerType);
        Column reducer = functions.pmod(functions.hash(by), functions.lit(partitions));
        return rows.withColumn(ROUTE, route.apply(functions.spark_partition_id(), reducer))
                .repartition(levels.between(), functions.col(ROUTE))
                .drop(ROUTE)
                .repartition(partitions, by);
    }

    static <K, V> JavaPairRDD<K, V> gathered(JavaPairRDD<K, V> rows, Partitioner by, Levels levels) {
        return levels.isTwo() ? rows.partitionBy(new First(by, levels)) : rows;
    }

    /**
     * Sends a row to one of the tasks of its group. The map task decides which one, so equal keys of different map
     * tasks may go to different tasks.
     */
    private static final class First extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final Partitioner by;
        private final Levels levels;

        First(Partitioner by, Levels levels) {
            this.by = by;
            this.levels = levels;
        }

        @Override
        public int numPartitions() {
            return levels.between();
        }

        @Override
        public int getPartition(Object key) {
            return levels.first(TaskContext.getPartitionId(), by.getPartition(key));
        }
    }
}
