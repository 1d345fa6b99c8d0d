package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.run.MergeJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import io.github.sparkfinetune.testing.TestMatrix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** All jobs in order, with real (tiny) models that learn which texts belong together. */
@Timeout(600)
class EmbeddingJobsTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final int PAIRS = 80;
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    static Stream<Arguments> runs() {
        return TestMatrix.first(
                2,
                Arguments.of("bert-mlm", "full", "multiple_negatives_ranking", "mean", "BertModel"),
                Arguments.of("llama-tied", "lora", "multiple_negatives_ranking", "lasttoken", "LlamaModel"),
                Arguments.of("bert-mlm", "lora", "multiple_negatives_ranking", "cls", "BertModel"),
                Arguments.of("bert-mlm", "full", "cosent", "mean", "BertModel"));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void embedsTextsNearThoseTheyBelongTo(String model, String method, String loss, String pooling, String architecture)
            throws Exception {
        RunConfig config = config(model, method, loss, pooling);
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            Scores scores = EvaluateJob.run(spark, config).get(0);

            // The trainer measured the same pairs before the model was written and read again.
            scores.metrics()
                    .forEach((name, value) -> assertThat(value)
                            .as(name)
                            .isCloseTo(result.eval().get(name), within(2e-3 * Math.max(1, Math.abs(value)))));
            if (loss.equals("cosent")) {
                assertThat(scores.metrics()).containsOnlyKeys("loss", "spearman", "pearson");
                assertThat(scores.metrics().get("spearman")).isGreaterThan(0.5);
            } else {
                assertThat(scores.metrics())
                        .containsOnlyKeys(
                                "loss", "ndcg_at_10", "mrr_at_10", "recall_at_1", "recall_at_10", "recall_at_100");
                assertThat(scores.metrics().get("ndcg_at_10")).isGreaterThan(0.5);
                assertThat(scores.metrics().get("recall_at_100")).isEqualTo(1);
            }
            assertRows(spark, config);
            assertExport(spark, config, architecture, pooling);
            assertPrediction(spark, config);
        }
    }

    @Test
    void refusesPairsOfWhichAllHaveTheSameSecondText() throws IOException {
        RunConfig config = config("bert-mlm", "full", "multiple_negatives_ranking", "mean", "data.text_pair=same");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            assertThatThrownBy(() -> PrepareJob.run(spark, config))
                    .isInstanceOf(RunException.class)
                    .hasMessage(
                            "data.text_pair: same has the same text in all rows, so that nothing can be learned: name"
                                    + " another column, or a column of texts that do not belong in embedding.negative");
        }
    }

    private static void assertRows(SparkSession spark, RunConfig config) {
        List<Row> rows = spark.read()
                .parquet(config.output().dir() + "/" + EvaluateJob.PREDICTIONS)
                .orderBy("index")
                .collectAsList();
        assertThat(rows).isNotEmpty().allSatisfy(row -> {
            assertThat(row.<String>getAs("text")).containsIgnoringCase("what").startsWith("query");
            assertThat(row.<String>getAs("text_pair")).containsIgnoringCase("copy");
            assertThat(row.<Double>getAs("similarity")).isBetween(-1.0001, 1.0001);
            assertThat(row.getList(row.fieldIndex("text_embedding")))
                    .hasSameSizeAs(row.getList(row.fieldIndex("pair_embedding")))
                    .hasSize(HfConfig.read(Path.of(config.output().model())).layers("hidden_size"));
        });
    }

    private void assertExport(SparkSession spark, RunConfig config, String architecture, String pooling)
            throws IOException {
        Path model = Path.of(config.output().model());
        assertThat(HfConfig.read(model).architectures()).containsExactly(architecture);
        if (config.method().isLora()) {
            // sentence-transformers loads the merged model.
            assertThat(model.resolve("modules.json")).doesNotExist();
            model = folder.resolve("merged");
            MergeJob.run(spark, config, null, model.toString());
        }
        JsonNode modules = JSON.readTree(model.resolve("modules.json").toFile());
        assertThat(modules.findValuesAsText("type"))
                .containsExactly("sentence_transformers.models.Transformer", "sentence_transformers.models.Pooling");
        JsonNode settings = JSON.readTree(model.resolve("1_Pooling/config.json").toFile());
        String mode = pooling.equals("lasttoken") ? "lasttoken" : pooling.equals("cls") ? "cls_token" : "mean_tokens";
        assertThat(settings.path("pooling_mode_" + mode).asBoolean()).isTrue();
        JsonNode prompts = JSON.readTree(
                        model.resolve("config_sentence_transformers.json").toFile())
                .path("prompts");
        assertThat(prompts.path("query").asText()).isEqualTo("query: ");
        assertThat(prompts.path("document").asText()).isEmpty();
    }

    private void assertPrediction(SparkSession spark, RunConfig config) throws IOException {
        Path texts = Files.write(
                folder.resolve("texts.jsonl"),
                List.of(
                        JSON.writeValueAsString(Map.of("text", "You may copy 7")),
                        JSON.writeValueAsString(Map.of("text", "")),
                        JSON.writeValueAsString(Map.of("text", "You may copy 7"))));
        String output = folder.resolve("vectors").toString();
        PredictJob.run(spark, config, "--input", texts.toString(), output);
        List<Row> rows = spark.read().parquet(output).orderBy("index").collectAsList();
        assertThat(rows.get(0).getList(3)).isNotEmpty().isEqualTo(rows.get(2).getList(3));
        assertThat(rows.get(1).isNullAt(3)).isTrue();
        assertThat(rows.get(1).<String>getAs("error")).isEqualTo("empty_text");
    }

    private RunConfig config(String model, String method, String loss, String pooling, String... more)
            throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < PAIRS; i++) {
            boolean belongs = loss.equals("multiple_negatives_ranking") || i % 2 == 0;
            lines.add(JSON.writeValueAsString(Map.of(
                    "text",
                    "What of number " + i + "?",
                    "same",
                    "You may copy",
                    "answer",
                    belongs ? "You may copy " + i : "No copy of anything else",
                    "label",
                    belongs ? 0.9 : 0.1)));
        }
        Path file = Files.write(folder.resolve("pairs.jsonl"), lines);
        List<String> settings = new ArrayList<>(List.of(
                "model=" + MODELS.resolve(model).toAbsolutePath().normalize(),
                "task=embedding",
                "data.train=" + file,
                "data.text_pair=answer",
                "data.max_length=32",
                "data.eval_fraction=0.3",
                "embedding.loss=" + loss,
                "embedding.pooling=" + pooling,
                "embedding.query_prompt='query: '",
                "method.type=" + method,
                "method.target_modules=all-linear",
                "training.learning_rate=" + (method.equals("full") ? "3.0e-3" : "1.0e-2"),
                "training.per_device_train_batch_size=8",
                "training.gradient_accumulation_steps=2",
                "training.num_train_epochs=12",
                "cluster.ranks=2"));
        settings.addAll(List.of(more));
        return Runs.in(folder, settings.toArray(String[]::new));
    }
}
