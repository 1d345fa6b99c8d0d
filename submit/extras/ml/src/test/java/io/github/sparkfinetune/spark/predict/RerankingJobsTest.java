package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.ml.TextClassifierModel;
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

/** All jobs in order, with real (tiny) models that learn which documents belong to a query. */
@Timeout(600)
class RerankingJobsTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final int QUERIES = 60;
    private static final String RELEVANT = "You may copy ";
    private static final String OTHER = "No, this is about ";
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    static Stream<Arguments> runs() {
        return TestMatrix.first(
                1,
                Arguments.of("bert-mlm", "lora", "list_net", true, "BertForSequenceClassification"),
                Arguments.of("bert-mlm", "full", "binary_cross_entropy", false, "BertForSequenceClassification"),
                Arguments.of("bert-mlm", "full", "binary_cross_entropy", true, "BertForSequenceClassification"),
                Arguments.of("llama-tied", "lora", "lambda", true, "LlamaForSequenceClassification"));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void ranksDocumentsThatBelongToAQueryFirst(
            String model, String method, String loss, boolean isListwise, String architecture) throws Exception {
        RunConfig config = config(model, method, loss, isListwise);
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            Scores scores = EvaluateJob.run(spark, config).get(0);

            assertThat(scores.metrics()).containsOnlyKeys("loss", "ndcg_at_10", "mrr_at_10", "average_precision");
            // The trainer measured the same documents before the model was written and read again.
            scores.metrics()
                    .forEach((name, value) -> assertThat(value)
                            .as(name)
                            .isCloseTo(result.eval().get(name), within(2e-3 * Math.max(1, Math.abs(value)))));
            assertThat(scores.metrics().get("ndcg_at_10")).isGreaterThan(0.9);
            assertRows(spark, config, isListwise);
            assertExport(config, architecture);
            assertPredictions(spark, config);
        }
    }

    private static void assertRows(SparkSession spark, RunConfig config, boolean isListwise) {
        List<Row> rows = spark.read()
                .parquet(config.output().dir() + "/" + EvaluateJob.PREDICTIONS)
                .orderBy("index", "document")
                .collectAsList();
        assertThat(rows).isNotEmpty().allSatisfy(row -> {
            assertThat(row.<String>getAs("text")).startsWith("What of number ");
            assertThat(row.<String>getAs("text_pair")).startsWith(row.<Double>getAs("label") == 1 ? RELEVANT : OTHER);
            assertThat(row.<Double>getAs("score")).isBetween(0.0, 1.0);
        });
        assertThat(rows.stream().map(row -> row.<Integer>getAs("document")).distinct())
                .containsExactlyElementsOf(isListwise ? List.of(0, 1, 2) : List.of(0));
    }

    private static void assertExport(RunConfig config, String architecture) throws IOException {
        Path model = Path.of(config.output().model());
        if (config.method().isLora()) {
            JsonNode adapter =
                    JSON.readTree(model.resolve("adapter_config.json").toFile());
            assertThat(adapter.path("task_type").asText()).isEqualTo("SEQ_CLS");
            return;
        }
        HfConfig saved = HfConfig.read(model);
        assertThat(saved.architectures()).containsExactly(architecture);
        assertThat(saved.labels()).containsExactly("LABEL_0");
        JsonNode settings =
                JSON.readTree(model.resolve("sentence_bert_config.json").toFile());
        assertThat(settings.path("transformer_task").asText()).isEqualTo("sequence-classification");
        assertThat(settings.path("max_seq_length").asInt()).isEqualTo(48);
        assertThat(Files.readString(model.resolve("README.md"))).contains("CrossEncoder(\"path/to/this/folder\")");
    }

    private void assertPredictions(SparkSession spark, RunConfig config) throws IOException {
        Path pairs = Files.write(
                folder.resolve("some.jsonl"),
                List.of(
                        JSON.writeValueAsString(Map.of("text", "What of number 7?", "document", RELEVANT + 7)),
                        JSON.writeValueAsString(Map.of("text", "What of number 7?", "document", OTHER + 7)),
                        JSON.writeValueAsString(Map.of("text", "What of number 7?", "document", " ")),
                        JSON.writeValueAsString(Map.of("text", "What of number 7?"))));
        String output = folder.resolve("scores").toString();
        PredictJob.run(spark, config, "--input", pairs.toString(), output);
        List<Row> rows = spark.read().parquet(output).orderBy("index").collectAsList();
        double first = rows.get(0).<Double>getAs("score");
        assertThat(first).isGreaterThan(rows.get(1).<Double>getAs("score"));
        assertThat(rows.get(2).<Double>getAs("score")).isNull();
        assertThat(rows.get(2).<String>getAs("error")).isEqualTo("empty_text");
        assertThat(rows.get(3).<String>getAs("error")).isEqualTo("no_text_pair");

        Dataset<Row> frame = spark.sql("SELECT 'What of number 7?' AS query, '" + RELEVANT + 7 + "' AS document");
        Dataset<Row> scored = TextClassifierModel.ofRun(config.output().dir())
                .setInputCol("query")
                .transform(frame);
        assertThat(scored.columns()).containsExactly("query", "document", "prediction");
        assertThat(scored.first().<Double>getAs("prediction")).isCloseTo(first, within(1e-6));
    }

    private RunConfig config(String model, String method, String loss, boolean isListwise) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < QUERIES; i++) {
            String query = "What of number " + i + "?";
            if (isListwise) {
                lines.add(JSON.writeValueAsString(Map.of(
                        "text", query, "document", RELEVANT + i, "others", List.of(OTHER + i, OTHER + (i + 1)))));
            } else {
                lines.add(JSON.writeValueAsString(Map.of("text", query, "document", RELEVANT + i, "label", 1)));
                lines.add(JSON.writeValueAsString(Map.of("text", query, "document", OTHER + i, "label", "0.0")));
            }
        }
        Path file = Files.write(folder.resolve("rows.jsonl"), lines);
        List<String> settings = new ArrayList<>(List.of(
                "model=" + MODELS.resolve(model).toAbsolutePath().normalize(),
                "task=reranking",
                "data.train=" + file,
                "data.text_pair=document",
                "data.max_length=48",
                "data.eval_fraction=0.3",
                "reranking.loss=" + loss,
                "method.type=" + method,
                "method.target_modules=all-linear",
                "training.learning_rate=" + (method.equals("full") ? "3.0e-3" : "1.0e-2"),
                "training.per_device_train_batch_size=4",
                "training.num_train_epochs=6",
                "cluster.ranks=2"));
        if (isListwise) {
            settings.addAll(List.of("reranking.negative=others", "reranking.num_negatives=2"));
        }
        return Runs.in(folder, settings.toArray(String[]::new));
    }
}
