package io.github.sparkfinetune.spark.predict;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.expr;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.task.ExampleColumns;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.spark.Runs;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Metrics of predictions in many partitions. The driver gets one result, for any number of rows and partitions. */
@Timeout(600)
class MetricsAtScaleTest {
    private static final int PARTITIONS = 64;

    private static SparkSession spark;

    @TempDir
    private Path folder;

    @BeforeAll
    static void open() {
        spark = SparkSession.builder()
                .master("local[2]")
                .appName("metrics-test")
                .config("spark.ui.enabled", false)
                .config("spark.sql.shuffle.partitions", 2)
                .config("spark.driver.maxResultSize", "4m")
                .getOrCreate();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private RunConfig config() {
        return Runs.in(folder, "task=classification");
    }

    @Test
    @Tag("full")
    void countsTwentyThousandLabels() {
        int labels = 20_000;
        // Every tenth row is predicted as label 7.
        Dataset<Row> predictions = spark.range(0, 2_000, 1, PARTITIONS)
                .select(
                        expr("concat('l', id % 500)").as("label"),
                        expr("if(id % 10 = 0, 'l7', concat('l', id % 500))").as("prediction"),
                        expr("array_repeat(0D, " + labels + ")").as("probabilities"),
                        expr("2D").as("loss"));

        Metrics metrics = PredictionScores.metrics(config(), predictions, names(labels));

        assertThat(metrics.values()).containsEntry("accuracy", 0.9).containsEntry("loss", 2.0);
        assertThat(metrics.byLabel()).hasSize(500);
        assertThat(metrics.byLabel().get("l7").support()).isEqualTo(4);
        assertThat(metrics.byLabel().get("l7").precision()).isEqualTo(4 / 204.0);
        ExampleColumns columns = TaskSpecs.of(config()).exampleColumns().orElseThrow();
        assertThat(PredictionScores.confused(columns, predictions))
                .hasSize(50)
                .startsWith(new Scores.Confused("l0", "l7", 4), new Scores.Confused("l10", "l7", 4));
    }

    @Test
    @Tag("full")
    void computesAreasOfAMillionProbabilities() {
        Dataset<Row> predictions = spark.range(0, 1_000_000, 1, PARTITIONS)
                .withColumn("p", expr("(id + 0.5D) / 1000000"))
                .withColumn("label", expr("if(pmod(hash(id), 1000) < 1000 * p, 'l1', 'l0')"))
                .select(
                        col("label"),
                        expr("if(p > 0.5, 'l1', 'l0')").as("prediction"),
                        expr("array(1 - p, p)").as("probabilities"),
                        expr("0D").as("loss"));

        Metrics metrics = PredictionScores.metrics(config(), predictions, names(2));

        // Labels are drawn with their probabilities, so the expected area is P(positive scores higher) for the
        // densities 2p and 2(1 - p).
        assertThat(metrics.values().get("roc_auc")).isCloseTo(5 / 6.0, within(2e-3));
        assertThat(metrics.values().get("accuracy")).isCloseTo(0.75, within(2e-3));
    }

    private static List<String> names(int labels) {
        return IntStream.range(0, labels).mapToObj(id -> "l" + id).toList();
    }
}
