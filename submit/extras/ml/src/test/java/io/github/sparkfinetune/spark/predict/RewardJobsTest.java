package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.hf.HfConfig;
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
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** All jobs in order, with a real (tiny) language model that learns to reward the better of two answers. */
@Timeout(600)
class RewardJobsTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/qwen2");
    private static final int PAIRS = 60;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    static Stream<Arguments> methods() {
        return TestMatrix.first(1, Arguments.of("full"), Arguments.of("lora"));
    }

    @ParameterizedTest
    @MethodSource("methods")
    void rewardsTheBetterAnswer(String method) throws Exception {
        RunConfig config = config(method);
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            Scores scores = EvaluateJob.run(spark, config).get(0);

            assertThat(scores.metrics()).containsOnlyKeys("loss", "accuracy", "margin", "mean_reward");
            // The trainer measured the same answers before the model was written and read again.
            scores.metrics()
                    .forEach((name, value) -> assertThat(value)
                            .as(name)
                            .isCloseTo(result.eval().get(name), within(1e-3 * Math.max(1, Math.abs(value)))));
            assertThat(scores.metrics().get("accuracy")).isGreaterThan(0.9);
            assertRows(spark, config);
            HfConfig saved = HfConfig.read(Path.of(config.output().model()));
            assertThat(saved.labels()).containsExactly("LABEL_0");
            assertThat(saved.architectures()).containsExactly("Qwen2ForSequenceClassification");
            assertScore(spark, config);
        }
    }

    private static void assertRows(SparkSession spark, RunConfig config) {
        List<Row> rows = spark.read()
                .parquet(config.output().dir() + "/" + EvaluateJob.PREDICTIONS)
                .orderBy("index")
                .collectAsList();
        assertThat(rows).hasSize(18).allSatisfy(row -> {
            assertThat(row.<String>getAs("chosen"))
                    .startsWith("What of licence ")
                    .contains("You may");
            assertThat(row.<String>getAs("rejected"))
                    .startsWith("What of licence ")
                    .contains("No,");
            double margin = row.<Double>getAs("reward_chosen") - row.<Double>getAs("reward_rejected");
            assertThat(row.<Double>getAs("margin")).isEqualTo(margin);
            assertThat(row.<Integer>getAs("correct")).isEqualTo(margin > 0 ? 1 : 0);
        });
    }

    private void assertScore(SparkSession spark, RunConfig config) throws IOException {
        Path answers = Files.write(
                folder.resolve("answers.jsonl"),
                List.of(
                        JSON.writeValueAsString(
                                Map.of("prompt", "What of licence 7?", "completion", " You may copy it, 7")),
                        JSON.writeValueAsString(Map.of("prompt", "What of licence 7?", "completion", " No, 7")),
                        JSON.writeValueAsString(Map.of("prompt", "What of licence 8?"))));
        String output = folder.resolve("scores").toString();
        PredictJob.run(spark, config, "--input", answers.toString(), output);
        List<Row> scored = spark.read().parquet(output).orderBy("index").collectAsList();
        assertThat(scored.get(0).<Double>getAs("reward"))
                .isGreaterThan(scored.get(1).<Double>getAs("reward"));
        assertThat(scored.get(2).<Double>getAs("reward")).isNull();
        assertThat(scored.get(2).<String>getAs("error")).isEqualTo("no_completion");

        Dataset<Row> conversations = spark.sql("SELECT array(named_struct('role', 'user', 'content', 'Why?'),"
                + " named_struct('role', 'assistant', 'content', 'So.')) AS talk");
        assertThat(LanguageModel.ofRun(config.output().dir())
                        .setInputCol("talk")
                        .transform(conversations)
                        .first()
                        .<Double>getAs("prediction"))
                .isNotNull()
                .isFinite();
    }

    private RunConfig config(String method) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < PAIRS; i++) {
            lines.add(JSON.writeValueAsString(Map.of(
                    "prompt", "What of licence " + i + "?",
                    "chosen", " You may copy it, " + i,
                    "rejected", " No, " + i,
                    "margin", 0.5)));
        }
        Path file = Files.write(folder.resolve("pairs.jsonl"), lines);
        return Runs.in(
                folder,
                "model=" + MODEL.toAbsolutePath().normalize(),
                "task=reward",
                "data.train=" + file,
                "data.max_length=64",
                "data.eval_fraction=0.3",
                "method.type=" + method,
                "method.target_modules=all-linear",
                "training.learning_rate=" + (method.equals("full") ? "1.0e-3" : "1.0e-2"),
                "training.per_device_train_batch_size=4",
                "training.num_train_epochs=3",
                "cluster.ranks=2");
    }
}
