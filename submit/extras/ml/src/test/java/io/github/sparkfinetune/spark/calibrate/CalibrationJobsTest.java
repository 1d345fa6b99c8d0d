package io.github.sparkfinetune.spark.calibrate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.calibration.Calibration;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.ml.TextClassifierModel;
import io.github.sparkfinetune.spark.predict.EvaluateJob;
import io.github.sparkfinetune.spark.predict.PredictJob;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** All jobs in order, with a real (tiny) classifier of texts of which some have a wrong label. */
@Timeout(600)
class CalibrationJobsTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TEXTS = 400;

    @TempDir
    Path folder;

    @Test
    void calibratesOnEvaluationRowsAndWritesSetsOfLabels() throws Exception {
        RunConfig config = config("data.test_fraction=0.3", "predict.coverage=0.9");
        RunConfig without = config("data.test_fraction=0.3");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, without);
            TrainJob.run(spark, without, record -> {});
            Path file = Path.of(config.output().model()).resolve(Calibration.FILE);
            assertThatThrownBy(() -> predicted(spark, config, "early"))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("has no calibration.json: measure the model by finetune evaluate");

            Map<String, Double> measured = EvaluateJob.run(spark, config).get(0).metrics();

            assertThat(measured.get("coverage")).isBetween(0.8, 0.98);
            assertThat(measured.get("set_size")).isBetween(0.8, 2.0);
            assertThat(measured.get("ece")).isBetween(0.0, 1.0);
            assertThat(measured.get("ece_calibrated")).isBetween(0.0, 0.25);
            JsonNode written = JSON.readTree(file.toFile());
            assertThat(written.get("rows").asInt()).isEqualTo(120);
            // The rows of the first evaluation are used again.
            assertThat(EvaluateJob.run(spark, config).get(0).metrics()).isEqualTo(measured);
            assertThat(JSON.readTree(file.toFile())).isEqualTo(written);

            List<Row> rows = predicted(spark, config, "sets");
            assertThat(rows).hasSize(3);
            for (Row row : rows.subList(0, 2)) {
                List<String> set = row.getList(row.fieldIndex("prediction_set"));
                assertThat(row.<Integer>getAs("abstain")).isEqualTo(set.size() == 1 ? 0 : 1);
                assertThat(set).isSubsetOf("sea", "sky");
                if (!set.isEmpty()) {
                    assertThat(set.get(0)).isEqualTo(row.<String>getAs("prediction"));
                }
            }
            assertThat(rows.get(2).isNullAt(rows.get(2).fieldIndex("prediction_set")))
                    .isTrue();
            assertThat(transformed(spark, config))
                    .isEqualTo(rows.subList(0, 2).stream()
                            .map(row -> row.getList(row.fieldIndex("prediction_set")))
                            .toList());
            assertThat(predicted(spark, without, "plain").get(0).schema().fieldNames())
                    .doesNotContain("prediction_set", "abstain");
        }
    }

    @Test
    @Tag("full")
    void refusesADatasetWithoutRowsToMeasureOn() throws Exception {
        RunConfig config = config("predict.coverage=0.9");
        RunConfig without = config("training.max_steps=1");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            assertThatThrownBy(() -> PrepareJob.run(spark, config))
                    .isInstanceOf(RunException.class)
                    .hasMessage("predict.coverage: the model is calibrated on eval rows and measured on test rows: set"
                            + " data.test or data.test_fraction");
            PrepareJob.run(spark, without);
            assertThatThrownBy(() -> TrainJob.run(spark, config, record -> {}))
                    .isInstanceOf(RunException.class)
                    .hasMessageStartingWith("predict.coverage: the model is calibrated on eval rows");
            TrainJob.run(spark, without, record -> {});
            assertThatThrownBy(() -> EvaluateJob.run(spark, config))
                    .isInstanceOf(RunException.class)
                    .hasMessageStartingWith("predict.coverage: ")
                    .hasMessageEndingWith(" has no test rows: the model is calibrated on eval rows and measured on test"
                            + " rows, set data.test_fraction and prepare it again");
        }
    }

    private List<Row> predicted(SparkSession spark, RunConfig config, String name) throws IOException {
        Path input = Files.write(
                folder.resolve("new.jsonl"),
                List.of(line("the sea 901", "sea"), line("the sky 902", "sky"), line("", "sky")));
        String output = folder.resolve(name).toString();
        PredictJob.run(spark, config, "--input", input.toString(), output);
        return spark.read().parquet(output).orderBy("index").collectAsList();
    }

    /** Returns the sets of the stage of Spark ML, asked for by its own parameter. */
    private static List<List<String>> transformed(SparkSession spark, RunConfig config) throws IOException {
        TextClassifierModel model =
                TextClassifierModel.ofRun(config.output().dir()).setPredictionSetCol("set");
        Dataset<Row> texts = spark.createDataset(List.of("the sea 901", "the sky 902"), Encoders.STRING())
                .toDF("text");
        assertThatThrownBy(() -> model.transform(texts))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("predictionSetCol: no label has a set: set coverage");
        return model.setCoverage(0.9).transform(texts).select("set").collectAsList().stream()
                .map(row -> row.<String>getList(0))
                .toList();
    }

    private static String line(String text, String label) throws IOException {
        return JSON.writeValueAsString(Map.of("text", text, "label", label));
    }

    private RunConfig config(String... settings) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            String topic = i % 2 == 0 ? "sea" : "sky";
            String other = i % 2 == 0 ? "sky" : "sea";
            lines.add(line("the " + topic + " " + i, i % 7 == 0 ? other : topic));
        }
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.train=" + Files.write(folder.resolve("texts.jsonl"), lines),
                "data.max_length=32",
                "data.eval_fraction=0.3",
                "training.learning_rate=2.0e-3",
                "training.per_device_train_batch_size=8",
                "training.num_train_epochs=4",
                "cluster.ranks=2"));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }
}
