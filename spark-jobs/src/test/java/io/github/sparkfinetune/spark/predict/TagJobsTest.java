package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingResult;
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
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** All jobs with a real (tiny) model on named entities and parts of speech: prepare, train, evaluate, predict. */
@Timeout(600)
class TagJobsTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final int ROWS = 60;

    @TempDir
    Path folder;

    static Stream<Arguments> methods() {
        return TestMatrix.first(1, arguments("full"), arguments("qlora"), arguments("lora"));
    }

    /** Names of licences are the entities. */
    @ParameterizedTest
    @MethodSource("methods")
    void findsEntitiesInWindowsOfLongTexts(String method) throws Exception {
        RunConfig config = config(
                "bert-tokencls",
                "data.train=" + texts(),
                "data.max_length=16",
                "method.type=" + method,
                "method.target_modules=[query, value]",
                "training.num_train_epochs=" + (method.equals("full") ? 4 : 8),
                "training.learning_rate=" + (method.equals("full") ? "5.0e-3" : "2.0e-2"),
                "training.metric_for_best_model=f1");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});
            assertThat(Path.of(config.output().model()))
                    .isDirectoryContaining(
                            method.equals("full") ? "glob:**/model.safetensors" : "glob:**/adapter_model.safetensors");

            Scores scores = EvaluateJob.run(spark, config).get(0);

            // The trainer measured the same split before the model was written and read again.
            assertThat(scores.metrics()).containsOnlyKeys(result.eval().keySet());
            scores.metrics()
                    .forEach((name, value) ->
                            assertThat(value).as(name).isCloseTo(result.eval().get(name), within(1e-5)));
            assertThat(scores.metrics().get("f1")).isGreaterThan(0.8);
            assertThat(scores.confusion().labels()).isEmpty();
            assertThat(scores.examples())
                    .isNotEmpty()
                    .allSatisfy(example -> assertThat(example.text())
                            .hasSameSizeAs(example.expected())
                            .hasSameSizeAs(example.predicted()));
            List<Row> rows = spark.read()
                    .parquet(config.output().dir() + "/predictions.parquet")
                    .orderBy("index")
                    .collectAsList();
            assertThat(rows).hasSize(18).allSatisfy(row -> {
                assertThat(row.<String>getList(row.fieldIndex("words")))
                        .hasSameSizeAs(row.getList(row.fieldIndex("tags")))
                        .hasSameSizeAs(row.getList(row.fieldIndex("predicted")))
                        .hasSize((int) row.<Long>getAs("tokens").longValue());
                assertThat(row.<String>getAs("text")).contains(row.<String>getList(row.fieldIndex("words")));
            });

            Path other = Files.write(
                    folder.resolve("other.jsonl"),
                    List.of(
                            "{\"text\": \"\ud83d\ude00 see license 7 ; see license 8\"}",
                            "{\"text\": 5}",
                            "{\"text\": [\"see\", \"license\", \"9\"]}"));
            String output = folder.resolve("predicted").toString();
            PredictJob.run(spark, config, "data.train", other.toString(), output);

            List<Row> predicted = spark.read().parquet(output).orderBy("index").collectAsList();
            assertThat(predicted).hasSize(3);
            Row first = predicted.get(0);
            assertThat(first.schema().fieldNames())
                    .containsExactly("index", "file", "text", "entities", "tags", "error");
            assertThat(first.isNullAt(first.fieldIndex("tags"))).isTrue();
            List<Row> entities = first.getList(first.fieldIndex("entities"));
            assertThat(entities)
                    .extracting(entity -> entity.<String>getAs("word"))
                    .contains("license 7");
            assertThat(entities).allSatisfy(entity -> {
                String text = first.getAs("text");
                assertThat(text.substring(
                                text.offsetByCodePoints(0, entity.getAs("start")),
                                text.offsetByCodePoints(0, entity.getAs("end"))))
                        .isEqualTo(entity.getAs("word"));
                assertThat(entity.<String>getAs("label")).isEqualTo("LICENSE");
                assertThat(entity.<Double>getAs("score")).isBetween(0.2, 1.0);
            });
            assertThat(predicted.get(1).<String>getAs("error")).isEqualTo("bad_text");
            assertThat(predicted.get(1).isNullAt(3)).isTrue();
            assertThat(predicted.get(2).<String>getAs("text")).isEqualTo("see license 9");

            if (method.equals("lora")) {
                String merged = folder.resolve("merged/model").toString();
                MergeJob.run(spark, config, null, merged);
                RunConfig whole = Runs.in(
                        folder,
                        "model=" + config.model(),
                        "task=token-classification",
                        "data.max_length=16",
                        "output.dir=" + folder.resolve("merged"));
                String again = folder.resolve("again").toString();
                PredictJob.run(spark, whole, "data.train", other.toString(), again);
                List<Row> ofMerged =
                        spark.read().parquet(again).orderBy("index").collectAsList();
                assertThat(ofMerged.get(0).<Row>getList(3))
                        .extracting(entity -> entity.<Integer>getAs("start"))
                        .isEqualTo(entities.stream()
                                .map(entity -> entity.<Integer>getAs("start"))
                                .toList());
            }
        }
    }

    /** Returns texts of up to 40 words, longer than a sample, with spans. */
    private Path texts() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            StringBuilder text = new StringBuilder();
            List<String> spans = new ArrayList<>();
            for (int part = 0; part <= i % 8; part++) {
                text.append("see the ");
                int start = text.length();
                text.append("license ").append((i + part) % 10);
                spans.add("[" + start + ", " + text.length() + ", \"LICENSE\"]");
                text.append(" ; ");
            }
            lines.add("{\"text\": \"" + text + "\", \"label\": " + spans + "}");
        }
        return Files.write(folder.resolve("texts.jsonl"), lines);
    }

    @Test
    @Tag("full")
    void predictsThePartOfSpeechOfEveryWord() throws Exception {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            lines.add("{\"tokens\": [\"the\", \"license\", \"is\", \"" + i
                    + "\"], \"pos\": [\"DT\", \"NN\", \"VB\", \"CD\"]}");
        }
        Path train = Files.write(folder.resolve("words.jsonl"), lines);
        RunConfig config = config(
                "xlm-roberta-tokencls",
                "data.train=" + train,
                "data.text=tokens",
                "data.label=pos",
                "training.num_train_epochs=4",
                "training.learning_rate=5.0e-3",
                "training.metric_for_best_model=accuracy");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainJob.run(spark, config, record -> {});
            assertThat(EvaluateJob.run(spark, config).get(0).metrics().get("accuracy"))
                    .isGreaterThan(0.9);
            // The tokenizer is saved with the settings that were used.
            assertThat(Path.of(config.output().model(), "tokenizer_config.json"))
                    .content()
                    .contains("\"add_prefix_space\": true");
            String output = folder.resolve("predicted").toString();
            PredictJob.run(spark, config, "data.train", train.toString(), output);
            List<Row> predicted = spark.read().parquet(output).orderBy("index").collectAsList();
            assertThat(predicted).hasSize(ROWS);
            Row first = predicted.get(0);
            assertThat(first.isNullAt(first.fieldIndex("entities"))).isTrue();
            assertThat(first.<Row>getList(first.fieldIndex("tags")))
                    .extracting(tag -> tag.<String>getAs("word") + "/" + tag.<String>getAs("label"))
                    .containsExactly("the/DT", "license/NN", "is/VB", "0/CD");
        }
    }

    private RunConfig config(String model, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODELS.resolve(model).toAbsolutePath().normalize(),
                "task=token-classification",
                "data.eval_fraction=0.3",
                "data.max_length=16",
                "training.per_device_train_batch_size=4"));
        Collections.addAll(all, settings);
        return Runs.in(folder, all.toArray(String[]::new));
    }
}
