package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
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

/** All jobs in order, with a real (tiny) language model on good and bad answers. */
@Timeout(600)
class UnpairedPreferenceJobsTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/llama-tied");
    private static final int ANSWERS = 90;

    @TempDir
    Path folder;

    static Stream<Arguments> losses() {
        return TestMatrix.first(
                1, Arguments.of("method.type=full", "kto"), Arguments.of("method.type=lora", "apo_zero_unpaired"));
    }

    @ParameterizedTest
    @MethodSource("losses")
    void trainsAModelToPreferGoodAnswers(String method, String loss) throws Exception {
        RunConfig config = config(method, "unpaired_preference.loss_type=" + loss);
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Manifest manifest = PrepareJob.run(spark, config);
            assertThat(manifest.splits().values().stream()
                            .mapToLong(DatasetSplit::rows)
                            .sum())
                    .isEqualTo(ANSWERS);
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            Scores scores = EvaluateJob.run(spark, config).get(0);

            // The trainer measured the same answers before the model was written and read again.
            assertThat(scores.metrics())
                    .containsOnlyKeys(
                            "loss",
                            "kl",
                            "rewards/chosen",
                            "logps/chosen",
                            "rewards/rejected",
                            "logps/rejected",
                            "rewards/margins");
            scores.metrics()
                    .forEach((name, value) -> assertThat(value)
                            .as(name)
                            .isCloseTo(result.eval().get(name), within(1e-3 * Math.max(1, Math.abs(value)))));
            assertThat(scores.metrics().get("loss")).isLessThan(0.45);
            assertThat(scores.metrics().get("rewards/margins")).isPositive();
            assertRows(spark, config, loss);
            assertAnswer(spark, config);
        }
    }

    private static void assertRows(SparkSession spark, RunConfig config, String loss) {
        List<Row> rows = spark.read()
                .parquet(config.output().dir() + "/" + EvaluateJob.PREDICTIONS)
                .orderBy("index")
                .collectAsList();
        assertThat(rows).extracting(row -> row.<Integer>getAs("label")).contains(0, 1);
        assertThat(rows).allSatisfy(row -> {
            assertThat(row.<String>getAs("prompt")).contains("licence");
            assertThat(row.<String>getAs("completion").strip())
                    .startsWith(row.<Integer>getAs("label") == 1 ? "You may" : "No");
            assertThat(row.<Double>getAs("reward")).isCloseTo(0.1 * row.<Double>getAs("log_ratio"), within(1e-12));
            assertThat(row.<Double>getAs("mismatched_log_ratio") != 0).isEqualTo(loss.equals("kto"));
        });
    }

    private void assertAnswer(SparkSession spark, RunConfig config) throws IOException {
        Path prompts = Files.writeString(folder.resolve("prompts.jsonl"), "{\"prompt\": \"What of licence 7?\"}\n");
        String output = folder.resolve("answers").toString();
        PredictJob.run(spark, config, "--input", prompts.toString(), output);
        String answer = spark.read().parquet(output).first().getAs("generated");
        assertThat(answer).isNotNull();
        Dataset<Row> asked = spark.createDataset(List.of("What of licence 7?"), Encoders.STRING())
                .toDF("question");
        assertThat(LanguageModel.ofRun(config.output().dir())
                        .setInputCol("question")
                        .setChat(false)
                        .transform(asked)
                        .first()
                        .<String>getAs("prediction"))
                .isEqualTo(answer);
    }

    private RunConfig config(String... settings) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ANSWERS; i++) {
            boolean good = i % 3 != 0;
            String completion = (good ? " You may copy it, " : " No, ") + i;
            lines.add(json.writeValueAsString(
                    Map.of("prompt", "What of licence " + i + "?", "completion", completion, "label", good)));
        }
        lines.add(json.writeValueAsString(Map.of("prompt", "a", "completion", "b", "label", "perhaps")));
        Path file = Files.write(folder.resolve("answers.jsonl"), lines);
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODEL.toAbsolutePath().normalize(),
                "task=unpaired-preference",
                "data.train=" + file,
                "data.max_length=64",
                "data.eval_fraction=0.3",
                "data.max_bad_fraction=0.1",
                "generation.max_new_tokens=4",
                "training.learning_rate=" + (settings[0].endsWith("full") ? "1.0e-3" : "1.0e-2"),
                "training.per_device_train_batch_size=4",
                "training.num_train_epochs=2",
                "cluster.ranks=2"));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }
}
