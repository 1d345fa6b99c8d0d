package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** All jobs in order, with real (tiny) models that learn from teachers. */
@Timeout(600)
class DistillationJobsTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TEXTS = 120;

    @TempDir
    Path folder;

    @Test
    void learnsTopicsFromALanguageModelAlsoWithoutLabels() throws Exception {
        RunConfig teaching = classification("teaching", "llama-seqcls", "data.train=" + texts("labelled", 1, 0));
        try (SparkSession spark = SparkSessions.open(teaching, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, teaching);
            TrainJob.run(spark, teaching, record -> {});
            RunConfig config = classification(
                    "taught",
                    "bert-seqcls",
                    "data.train=" + texts("few", 8, TEXTS),
                    "data.deduplicate=true",
                    "teacher.model=" + teaching.output().model());

            Manifest manifest = PrepareJob.run(spark, config);

            assertThat(manifest.labels()).containsExactly("sea", "sky");
            DatasetSplit train = manifest.split(Manifest.TRAIN);
            // Of a text with and without label, the row with the label is kept.
            assertThat(manifest.duplicates()).isEqualTo(TEXTS / 8);
            assertThat(train.rowsPerLabel()).containsExactly(6L, 5L);
            assertThat(train.rows())
                    .isEqualTo(TEXTS - manifest.split(Manifest.EVAL).rows());
            assertThat(manifest.split(Manifest.EVAL).rowsPerLabel()).containsExactly(2L, 2L);

            TrainingResult result = TrainJob.run(spark, config, record -> {});
            Scores scores = EvaluateJob.run(spark, config).get(0);

            assertThat(scores.metrics().get("loss")).isCloseTo(result.eval().get("loss"), within(1e-4));
            assertThat(scores.metrics().get("accuracy")).isEqualTo(1);
            assertPredictions(spark, config);
            assertThatThrownBy(() -> TrainJob.run(
                            spark,
                            classification("alone", "bert-seqcls", "data.dir=" + config.dataset()),
                            record -> {}))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining("samples for a teacher: true, this run has false");
        }
    }

    private void assertPredictions(SparkSession spark, RunConfig config) throws IOException {
        Path input =
                Files.write(folder.resolve("new.jsonl"), List.of(line("the sea 901", null), line("the sky 902", null)));
        String output = folder.resolve("predicted").toString();
        PredictJob.run(spark, config, "--input", input.toString(), output);
        List<Row> rows = spark.read().parquet(output).orderBy("index").collectAsList();
        assertThat(rows.stream().map(row -> row.<String>getAs("prediction"))).containsExactly("sea", "sky");
    }

    @Test
    void refusesATeacherWithoutALabelOfTheRows() throws Exception {
        RunConfig config = classification(
                "taught",
                "bert-seqcls",
                "data.train=" + texts("labelled", 1, 0),
                "teacher.model="
                        + MODELS.resolve("roberta-seqcls").toAbsolutePath().normalize());
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            assertThatThrownBy(() -> PrepareJob.run(spark, config))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining(
                            "roberta-seqcls predicts the labels class0, class1, class2, the training rows have sea, sky");
        }
    }

    @Test
    void learnsTheNextTokenFromALanguageModel() throws Exception {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            lines.add(JSON.writeValueAsString(Map.of("text", "Licence " + i + " lets you copy it " + i + " times.")));
        }
        RunConfig config = Runs.in(
                folder,
                "model=" + model("llama-tied"),
                "teacher.model=" + model("llama-untied"),
                "teacher.top_k=8",
                "task=causal-lm",
                "data.train=" + Files.write(folder.resolve("texts.jsonl"), lines),
                "data.packing=bfd",
                "data.max_length=64",
                "training.learning_rate=1.0e-3",
                "training.per_device_train_batch_size=2",
                "cluster.ranks=2");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});
            Scores scores = EvaluateJob.run(spark, config).get(0);

            assertThat(scores.metrics().get("loss"))
                    .isCloseTo(result.eval().get("loss"), within(1e-4))
                    .isLessThan(scores.base().get("loss"));
            try (Stream<Path> files = Files.list(Path.of(config.dataset()))) {
                assertThat(files.map(file -> file.getFileName().toString()))
                        .filteredOn(name -> name.matches("teacher-[0-9a-f]{16}\\.safetensors"))
                        .hasSize(1);
            }
        }
    }

    private static Path model(String name) {
        return MODELS.resolve(name).toAbsolutePath().normalize();
    }

    /**
     * Writes texts, of which one in {@code step} has its label.
     *
     * @param unlabelled number of texts that are also written without label
     */
    private Path texts(String name, int step, int unlabelled) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            String label = i / step % 2 == 0 ? "sea" : "sky";
            String text = "the " + label + " " + i;
            if (i % step == 0) {
                lines.add(line(text, label));
            }
            if (i < unlabelled) {
                lines.add(line(text, null));
            }
        }
        return Files.write(folder.resolve(name + ".jsonl"), lines);
    }

    private static String line(String text, String label) throws IOException {
        Map<String, String> row = new HashMap<>(Map.of("text", text));
        if (label != null) {
            row.put("label", label);
        }
        return JSON.writeValueAsString(row);
    }

    private RunConfig classification(String output, String model, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + model(model),
                "data.max_length=32",
                "data.eval_fraction=0.25",
                "training.learning_rate=" + (model.startsWith("llama") ? "3.0e-3" : "2.0e-3"),
                "training.per_device_train_batch_size=4",
                "training.num_train_epochs=4",
                "cluster.ranks=2",
                "output.dir=" + folder.resolve(output)));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }
}
