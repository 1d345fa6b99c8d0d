package io.github.sparkfinetune.spark.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.util.sketch.BloomFilter;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class MembershipTest {
    private static final int VALUES = 20_000;

    @Test
    @Tag("full")
    void sendsTheDriverOneFilterForAnyNumberOfPartitions() {
        try (SparkSession spark = SparkSession.builder()
                .master("local[2]")
                .appName("membership-test")
                .config("spark.ui.enabled", false)
                // Less than two filters.
                .config("spark.driver.maxResultSize", "800k")
                .getOrCreate()) {
            Dataset<Row> rows = spark.range(0, VALUES, 1, 600).toDF("node");

            BloomFilter filter =
                    Membership.of(spark, rows, "node", 1 << 20, 1L << 22).value();

            assertThat(filter.bitSize()).isEqualTo(1L << 22);
            assertThat(LongStream.range(0, VALUES)).allMatch(filter::mightContainLong);
            assertThat(LongStream.range(VALUES, 2 * VALUES).filter(filter::mightContainLong))
                    .hasSizeLessThan(VALUES / 100);
        }
    }
}
