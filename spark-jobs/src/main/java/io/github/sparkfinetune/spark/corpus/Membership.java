package io.github.sparkfinetune.spark.corpus;

import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.sketch.BloomFilter;

/**
 * Bloom filters of a column of numbers: they keep from a shuffle what the join after it would drop. Spark's own
 * aggregate ends at 8 MB, whatever one asks for.
 */
final class Membership {
    /** A hundredth of what isn't there passes. */
    private static final int BITS_A_VALUE = 10;
    /** 32 MB, which any task can be sent. Of more values the filter lets more pass. */
    static final long MOST_BITS = 1L << 28;
    /** Parts that have a filter each. */
    private static final int MOST_PARTS = 256;

    private Membership() {}

    /**
     * The filter of a column's values. The driver gets this one filter, whatever the number of partitions. The garbage
     * collector of the driver frees it: what was computed by it may be computed again as long as it is in use.
     *
     * @param values about how many there are
     * @param mostBits of the filter
     */
    static Broadcast<BloomFilter> of(SparkSession spark, Dataset<Row> rows, String column, long values, long mostBits) {
        long some = Math.max(1, values);
        BloomFilter empty = BloomFilter.create(some, Math.min(mostBits, BITS_A_VALUE * some));
        BloomFilter filter = rows.select(column)
                .queryExecution()
                .toRdd()
                .toJavaRDD()
                .coalesce(MOST_PARTS)
                .treeAggregate(
                        empty,
                        (all, row) -> {
                            all.putLong(row.getLong(0));
                            return all;
                        },
                        BloomFilter::mergeInPlace,
                        2,
                        true);
        return JavaSparkContext.fromSparkContext(spark.sparkContext()).broadcast(filter);
    }
}
