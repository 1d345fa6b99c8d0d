package io.github.sparkfinetune.spark.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests to Spark's UI during a training. */
@Timeout(600)
class TrainingSourceTest {
    @TempDir
    private Path folder;

    @Test
    void reportsARunningTrainingToPrometheus() {
        RunConfig run = Runs.in(folder);
        String sink = "spark.metrics.conf.*.sink.prometheusServlet.";
        Map<String, String> ui = Map.of(
                "spark.ui.enabled",
                "true",
                "spark.ui.port",
                "0",
                sink + "class",
                "org.apache.spark.metrics.sink.PrometheusServlet",
                sink + "path",
                "/metrics/prometheus");
        try (SparkSession spark = SparkSessions.open(run, "test", "local[2]", ui)) {
            URI metrics = URI.create(spark.sparkContext().uiWebUrl().get() + "/metrics/prometheus");
            List<String> seen = Collections.synchronizedList(new ArrayList<>());
            for (int training = 0; training < 2; training++) {
                seen.clear();
                TrainJob.run(
                        spark,
                        run,
                        new CountingBody(folder.toString(), (rank, step) -> {}),
                        record -> seen.add(get(metrics)));

                assertThat(seen).hasSize(CountingBody.STEPS);
                assertThat(seen.get(5))
                        .containsPattern("_driver_finetune_step_Value\\{type=\"gauges\"} 6.0\\n")
                        .containsPattern("_driver_finetune_total_steps_Value\\{type=\"gauges\"} 6.0\\n")
                        .containsPattern("_driver_finetune_loss_Value\\{type=\"gauges\"} 0.1666")
                        .containsPattern("_driver_finetune_learning_rate_Value\\{type=\"gauges\"} 0.001\\n")
                        .containsPattern("_driver_finetune_tokens_per_second_Value\\{type=\"gauges\"} 1.0\\n");
                assertThat(get(metrics))
                        .as("after it")
                        .doesNotContain("finetune_loss")
                        .contains("_driver_LiveListenerBus");
            }
        }
    }

    private static String get(URI address) {
        try (InputStream in = address.toURL().openStream()) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
