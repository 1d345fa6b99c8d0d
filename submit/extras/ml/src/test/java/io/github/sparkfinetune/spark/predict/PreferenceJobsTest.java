package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.ml.LanguageModel;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** All jobs in order, with real (tiny) language models on pairs of answers: prepare, train, evaluate, predict. */
@Timeout(600)
class PreferenceJobsTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int PAIRS = 60;

    @TempDir
    Path folder;

    static Stream<Arguments> runs() {
        return TestMatrix.first(
                1,
                arguments("llama-tied", "method.type=full", false),
                arguments("qwen2", "method.type=lora", true),
                arguments("gpt2", "method.type=qlora", false));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void trainsAModelToPrefer(String model, String method, boolean conversations) throws Exception {
        RunConfig config = config(model, method, conversations);
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Manifest manifest = PrepareJob.run(spark, config);
            assertThat(manifest.split(Manifest.TRAIN).documents().count())
                    .isEqualTo(manifest.split(Manifest.TRAIN).rows());
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            Scores scores = EvaluateJob.run(spark, config).get(0);

            assertThat(scores.metrics())
                    .containsOnlyKeys(
                            "loss",
                            "rewards/chosen",
                            "rewards/rejected",
                            "rewards/margins",
                            "rewards/accuracies",
                            "logps/chosen",
                            "logps/rejected");
            // The trainer measured the same pairs before the model was written and read again.
            scores.metrics()
                    .forEach((name, value) -> assertThat(value)
                            .as(name)
                            .isCloseTo(result.eval().get(name), within(1e-3 * Math.max(1, Math.abs(value)))));
            assertThat(scores.metrics().get("loss")).isLessThan(0.5);
            assertThat(scores.metrics().get("rewards/accuracies")).isGreaterThan(0.8);
            assertThat(scores.examples()).isNotEmpty();
            List<Row> rows = spark.read()
                    .parquet(config.output().dir() + "/" + EvaluateJob.PREDICTIONS)
                    .orderBy("index")
                    .collectAsList();
            assertThat(rows).hasSize((int) manifest.split(Manifest.EVAL).rows());
            assertThat(rows).allSatisfy(row -> {
                assertThat(row.<String>getAs("prompt")).contains("licence");
                assertThat(row.<String>getAs("chosen").strip()).startsWith("You may");
                assertThat(row.<String>getAs("rejected").strip()).startsWith("No");
                assertThat(row.<Double>getAs("margin"))
                        .isCloseTo(
                                row.<Double>getAs("reward_chosen") - row.<Double>getAs("reward_rejected"),
                                within(1e-9));
                assertThat(row.<Double>getAs("score"))
                        .isCloseTo(1 / (1 + Math.exp(-Math.abs(row.<Double>getAs("margin")))), within(1e-9));
                assertThat(row.<Integer>getAs("correct")).isEqualTo(row.<Double>getAs("margin") > 0 ? 1 : 0);
            });
            requireAnswers(spark, config);
        }
    }

    private void requireAnswers(SparkSession spark, RunConfig config) throws IOException {
        Path prompts = Files.write(
                folder.resolve("prompts.jsonl"), List.of("{\"prompt\": \"What of licence 7?\"}", "{\"other\": \"\"}"));
        String output = folder.resolve("answers").toString();
        PredictJob.run(spark, config, "--input", prompts.toString(), output);
        List<Row> rows = spark.read().parquet(output).orderBy("index").collectAsList();
        assertThat(rows.get(0).<String>getAs("prompt")).contains("What of licence 7?");
        assertThat(rows.get(0).<String>getAs("generated")).isNotNull();
        assertThat(rows.get(1).<String>getAs("error")).isEqualTo("no_prompt");
        Dataset<Row> asked = spark.createDataset(List.of("What of licence 7?"), Encoders.STRING())
                .toDF("question");
        assertThat(LanguageModel.ofRun(config.output().dir())
                        .setInputCol("question")
                        .setChat(false)
                        .transform(asked)
                        .first()
                        .<String>getAs("prediction"))
                .isEqualTo(rows.get(0).<String>getAs("generated"));

        Files.delete(Path.of(config.output().dir().replace("file:", "")).resolve("reference.safetensors"));
        assertThatThrownBy(() -> EvaluateJob.run(spark, config))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("reference.safetensors, the references of the run, is missing");
    }

    private RunConfig config(String model, String method, boolean conversations) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < PAIRS; i++) {
            String prompt = "What of licence " + i + "?";
            String chosen = "You may copy it, " + i;
            String rejected = "No, " + i;
            lines.add(JSON.writeValueAsString(
                    conversations
                            ? Map.of(
                                    "prompt", List.of(message("user", prompt)),
                                    "chosen", List.of(message("assistant", chosen)),
                                    "rejected", List.of(message("assistant", rejected)))
                            : Map.of("prompt", prompt, "chosen", " " + chosen, "rejected", " " + rejected)));
        }
        lines.add(JSON.writeValueAsString(Map.of("prompt", "a", "chosen", "b", "rejected", "b")));
        Path file = Files.write(folder.resolve("pairs.jsonl"), lines);
        return Runs.in(
                folder,
                Stream.of(
                                "model="
                                        + MODELS.resolve(model).toAbsolutePath().normalize(),
                                "task=preference",
                                "data.train=" + file,
                                "data.max_length=64",
                                "data.eval_fraction=0.3",
                                "data.max_bad_fraction=0.1",
                                "generation.max_new_tokens=4",
                                "training.learning_rate=" + (method.endsWith("full") ? "1.0e-3" : "1.0e-2"),
                                "training.per_device_train_batch_size=4",
                                "training.num_train_epochs=2",
                                "cluster.ranks=2",
                                method)
                        .toArray(String[]::new));
    }

    private static Map<String, String> message(String role, String content) {
        return Map.of("role", role, "content", content);
    }
}
