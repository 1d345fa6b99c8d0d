package io.github.sparkfinetune.spark.shuffle;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.spark.StageFigures;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.LongStream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import scala.Tuple2;

/** A shuffle of 12 map and 30 reduce tasks, which has two levels if a task may have 5 blocks. */
@Timeout(180)
class ShufflesTest {
    private static final int MAPS = 12;
    private static final int REDUCERS = 30;
    private static final Levels ONE = Levels.of(MAPS, REDUCERS);
    private static final Levels TWO = Levels.of(MAPS, REDUCERS, 5);

    private static SparkSession spark;

    @BeforeAll
    static void open() {
        spark = SparkSession.builder()
                .master("local[2]")
                .appName("shuffle-test")
                .config("spark.ui.enabled", false)
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static List<Set<Long>> partitions(JavaPairRDD<Long, Long> rows, Levels levels) {
        HashPartitioner by = new HashPartitioner(REDUCERS);
        return Shuffles.gathered(rows, by, levels)
                .partitionBy(by)
                .keys()
                .mapPartitions(keys -> {
                    Set<Long> sorted = new TreeSet<>();
                    keys.forEachRemaining(sorted::add);
                    return List.of(sorted).iterator();
                })
                .collect();
    }

    @Test
    void aPartitionHasTheSameRowsAfterTwoLevelsAndTheBlocksAreCounted() throws Exception {
        JavaPairRDD<Long, Long> rows = JavaSparkContext.fromSparkContext(spark.sparkContext())
                .parallelize(LongStream.range(0, 12_000).boxed().toList(), MAPS)
                .mapToPair(number -> new Tuple2<>(number * 7919, number));
        List<Set<Long>> one = new ArrayList<>();
        List<Set<Long>> two = new ArrayList<>();

        StageFigures ofOne = StageFigures.of(spark, () -> one.addAll(partitions(rows, ONE)));
        StageFigures ofTwo = StageFigures.of(spark, () -> two.addAll(partitions(rows, TWO)));

        assertThat(two).hasSize(REDUCERS).isEqualTo(one);
        assertThat(TWO.isTwo()).isTrue();
        assertThat(ofOne.blocks()).isEqualTo(ONE.blocks());
        assertThat(ofTwo.blocks()).isEqualTo(TWO.blocks()).isLessThan(ONE.blocks() * 3 / 4);
        assertThat(ofTwo.shuffledRows()).isEqualTo(TWO.writes() * 12_000L);
    }

    private static List<String> rows(Dataset<Row> repartitioned) {
        return repartitioned
                .select(functions.spark_partition_id(), functions.col("id"))
                .toJavaRDD()
                .map(row -> row.getInt(0) + " " + row.getLong(1))
                .collect()
                .stream()
                .sorted()
                .toList();
    }

    @Test
    void aDatasetHasThePartitionsOfSparksOwnRepartition() throws Exception {
        Dataset<Row> rows = spark.range(0, 12_000, 1, MAPS).toDF("id").withColumn("other", functions.expr("id * id"));
        List<String> one = rows(rows.repartition(REDUCERS, functions.col("id"), functions.col("other")));
        List<String> two = new ArrayList<>();

        StageFigures figures = StageFigures.of(
                spark,
                () -> two.addAll(rows(Shuffles.repartition(rows, TWO, functions.col("id"), functions.col("other")))));

        assertThat(two).isEqualTo(one);
        assertThat(figures.blocks()).isEqualTo(TWO.blocks());
    }
}
