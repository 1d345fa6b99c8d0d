package io.github.sparkfinetune.spark.corpus;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.udf;

import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.util.sketch.BloomFilter;

/**
 * Bloom filters of a column of numbers. A filter drops rows before a shuffle that the join after it would drop. Spark's
 * own aggregate is limited to 8 MB, whatever size is requested.
 */
public final class Membership {
    /** About 1% of the values that are not in the column pass the filter. */
    private static final int BITS_A_VALUE = 10;
    /** 32 MB, which any task can receive. With more values the filter drops fewer rows. */
    public static final long MOST_BITS = 1L << 28;
    /** Most partitions that build a filter each. */
    private static final int MOST_PARTS = 256;

    private Membership() {}

    /**
     * Returns a filter of the values of a column. The driver receives one filter, whatever the number of partitions.
     * The garbage collector of the driver frees the broadcast: datasets that use the filter may be recomputed as long
     * as they are in use.
     *
     * @param values approximate number of values
     * @param mostBits largest size of the filter in bits
     */
    public static Broadcast<BloomFilter> of(
            SparkSession spark, Dataset<Row> rows, String column, long values, long mostBits) {
        long expectedValues = Math.max(1, values);
        BloomFilter empty = BloomFilter.create(expectedValues, Math.min(mostBits, BITS_A_VALUE * expectedValues));
        BloomFilter filter = rows.select(column)
                .queryExecution()
                .toRdd()
                .toJavaRDD()
                .coalesce(MOST_PARTS)
                .treeAggregate(
                        empty,
                        (all, row) -> {
                            all.putLong(InternalRows.number(row));
                            return all;
                        },
                        BloomFilter::mergeInPlace,
                        2,
                        true);
        return JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(filter);
    }

    /** Returns the condition that a column's value passes a filter. */
    public static Column passes(Broadcast<BloomFilter> filter, String column) {
        UserDefinedFunction passes =
                udf((UDF1<Long, Boolean>) value -> filter.value().mightContainLong(value), DataTypes.BooleanType);
        return passes.apply(col(column));
    }
}
