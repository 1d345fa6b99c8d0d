package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
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
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** All jobs in order, with real (tiny) masked language models: prepare, train, evaluate, predict, merge. */
@Timeout(600)
class MaskedLmJobsTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TEXTS = 120;

    @TempDir
    Path folder;

    static Stream<Arguments> runs() {
        return TestMatrix.first(
                1,
                arguments(
                        "bert-mlm",
                        "[MASK]",
                        "method.type=full",
                        "masked_lm.whole_word_mask=true",
                        "data.packing=wrapped"),
                arguments(
                        "roberta-mlm",
                        "<mask>",
                        "method.type=lora",
                        "method.target_modules=all-linear",
                        "data.packing=none"),
                arguments(
                        "distilbert-mlm",
                        "[MASK]",
                        "method.type=qlora",
                        "method.lora_dropout=0.1",
                        "data.packing=bfd"));
    }

    @ParameterizedTest
    @MethodSource("runs")
    void trainsMeasuresModelAndBaseAndFillsInMasks(
            String model, String mask, String method, String setting, String packing) throws Exception {
        RunConfig config = config("run", model, method, setting, packing, "cluster.ranks=2");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Manifest manifest = PrepareJob.run(spark, config);
            DatasetSplit train = manifest.split(Manifest.TRAIN);
            // All tokens except the first and last of each document. A sample with only these tokens is left out.
            assertThat(train.documents().labelTokens())
                    .isCloseTo(train.tokens() - 2 * train.documents().count(), within(16L));
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            Scores scores = EvaluateJob.run(spark, config).get(0);

            // The trainer measured the same masks before the model was written and read again.
            assertThat(scores.metrics()).containsOnlyKeys("loss", "perplexity", "accuracy");
            scores.metrics()
                    .forEach((name, value) -> assertThat(value)
                            .as(name)
                            .isCloseTo(result.eval().get(name), within(1e-4 * Math.max(1, value))));
            assertThat(scores.metrics().get("loss"))
                    .isLessThan(0.9 * scores.base().get("loss"));
            assertThat(scores.metrics().get("accuracy"))
                    .isGreaterThanOrEqualTo(scores.base().get("accuracy"));
            List<Row> rows = rows(spark, config, EvaluateJob.PREDICTIONS);
            assertThat(rows).hasSize((int) manifest.split(Manifest.EVAL).rows());
            assertThat(rows.stream().mapToLong(row -> row.<Long>getAs("tokens")))
                    .isEqualTo(rows(spark, config, EvaluateJob.BASE_PREDICTIONS).stream()
                            .map(row -> row.<Long>getAs("tokens"))
                            .toList());
            requireSameWithOneTask(spark, rows, model, method, setting, packing);
            List<Row> filled = predict(spark, config, mask, "filled");
            if (method.endsWith("lora")) {
                requireSameFromMerged(spark, config, mask, filled, model, setting, packing);
            }
        }
    }

    /** Checks that one task gives the same rows. */
    private void requireSameWithOneTask(SparkSession spark, List<Row> rows, String model, String... settings)
            throws IOException {
        RunConfig config = config(
                "run",
                model,
                Stream.concat(Stream.of(settings), Stream.of("cluster.ranks=1")).toArray(String[]::new));
        EvaluateJob.run(spark, config);
        List<Row> alone = rows(spark, config, EvaluateJob.PREDICTIONS);
        assertThat(alone).hasSameSizeAs(rows);
        for (int i = 0; i < rows.size(); i++) {
            assertThat(alone.get(i).<Long>getAs("tokens")).isEqualTo(rows.get(i).<Long>getAs("tokens"));
            if (rows.get(i).<Long>getAs("tokens") > 0) {
                assertThat(alone.get(i).<Double>getAs("loss"))
                        .isCloseTo(rows.get(i).getAs("loss"), within(1e-4));
            }
        }
    }

    private List<Row> predict(SparkSession spark, RunConfig config, String mask, String name) throws IOException {
        String text = "license " + mask + " software " + mask + " notice";
        Path input = Files.write(
                folder.resolve("texts.jsonl"),
                List.of(line(text), line("no mask here"), "{\"other\": 1}", line("copyright " + mask)));
        String output = folder.resolve(name).toString();
        PredictJob.run(spark, config, "--input", input.toString(), output);
        List<Row> rows = spark.read().parquet(output).orderBy("index").collectAsList();
        assertThat(rows.stream().map(row -> row.<String>getAs("error")))
                .containsExactly(null, "no_mask_token", "no_text", null);
        assertThat(rows.get(0).<String>getAs("text")).isEqualTo(text);
        assertThat(rows.get(1).<Object>getAs("predictions")).isNull();
        List<Row> first = rows.get(0).getList(rows.get(0).fieldIndex("predictions"));
        assertThat(first.stream().map(row -> row.<Integer>getAs("mask"))).containsExactly(0, 0, 0, 0, 0, 1, 1, 1, 1, 1);
        for (int i = 1; i < 5; i++) {
            assertThat(first.get(i).<Double>getAs("score"))
                    .isBetween(0.0, first.get(i - 1).<Double>getAs("score"));
        }
        assertThat(first.stream().map(row -> row.<Integer>getAs("token")).distinct())
                .hasSizeGreaterThanOrEqualTo(5);
        assertThat(first)
                .allSatisfy(row -> assertThat(row.<String>getAs("token_str")).isNotEmpty());
        return rows;
    }

    /** Checks that the merged full-precision model fills in the same tokens. */
    private void requireSameFromMerged(
            SparkSession spark, RunConfig config, String mask, List<Row> filled, String model, String... settings)
            throws IOException {
        boolean rounded = config.method().bnb4bitUseDoubleQuant() && settings[0].contains("dropout");
        MergeJob.run(spark, config, null, folder.resolve("merged/model").toString());
        RunConfig whole = config("merged", model, "method.type=full", settings[1]);
        List<Row> again = predict(spark, whole, mask, "again");
        Row before = filled.get(3).<Row>getList(3).get(0);
        Row after = again.get(3).<Row>getList(3).get(0);
        assertThat(after.<Double>getAs("score")).isCloseTo(before.getAs("score"), within(rounded ? 0.1 : 1e-4));
    }

    private RunConfig config(String name, String model, String... settings) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            lines.add(line(PrepareFixture.text(i)));
        }
        Path file = Files.write(folder.resolve("corpus.jsonl"), lines);
        return Runs.in(
                folder,
                Stream.concat(
                                Stream.of(
                                        "output.dir=" + folder.resolve(name),
                                        "model="
                                                + MODELS.resolve(model)
                                                        .toAbsolutePath()
                                                        .normalize(),
                                        "task=masked-lm",
                                        "data.train=" + file,
                                        "data.max_length=48",
                                        "data.eval_fraction=0.3",
                                        "training.learning_rate=1.0e-2",
                                        "training.per_device_train_batch_size=8",
                                        "training.num_train_epochs=10"),
                                Stream.of(settings))
                        .toArray(String[]::new));
    }

    private static String line(String text) throws IOException {
        return JSON.writeValueAsString(Map.of("text", text));
    }

    private static List<Row> rows(SparkSession spark, RunConfig config, String name) {
        return spark.read()
                .parquet(config.output().dir() + "/" + name)
                .orderBy("index")
                .collectAsList();
    }
}
