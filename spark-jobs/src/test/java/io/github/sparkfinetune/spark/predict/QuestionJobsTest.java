package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.spark.prepare.Questions;
import io.github.sparkfinetune.spark.run.MergeJob;
import io.github.sparkfinetune.spark.train.TrainJob;
import io.github.sparkfinetune.testing.TestMatrix;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
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

/** All jobs from SQuAD files to a measured model that answers questions: prepare, train, evaluate, predict, merge. */
@Timeout(600)
class QuestionJobsTest {
    private static final Path MODELS = Path.of("../finetune-core/src/test/resources/golden/models");

    @TempDir
    Path folder;

    private RunConfig config(String model, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODELS.resolve(model).toAbsolutePath().normalize(),
                "task=question-answering",
                "data.train=" + folder.resolve("train.json"),
                "data.format=squad",
                "data.eval_fraction=0.3",
                "data.max_length=48",
                "data.stride=8",
                "training.per_device_train_batch_size=4",
                "training.learning_rate=2.0e-3",
                "training.num_train_epochs=2"));
        Collections.addAll(all, settings);
        return Runs.in(folder, all.toArray(String[]::new));
    }

    @Test
    void usesTheThresholdOfTheEvaluationForAllAnswers() throws Exception {
        RunConfig config = config("bert-qa", "question_answering.version_2_with_negative=true");
        Path train = Questions.squad(folder.resolve("train.json"), Questions.rows(80, 4), 3);
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            Scores scores = EvaluateJob.run(spark, config).get(0);

            // The trainer measured the same split before the model was written and read again.
            assertThat(scores.metrics().get("loss")).isCloseTo(result.eval().get("loss"), within(1e-5));
            assertThat(scores.metrics().get("f1")).isCloseTo(result.eval().get("best_f1"), within(1e-6));
            assertThat(scores.metrics())
                    .containsOnlyKeys(
                            "loss", "exact_match", "f1", "HasAns_exact", "HasAns_f1", "NoAns_exact", "NoAns_f1");
            double threshold =
                    HfConfig.read(Path.of(config.output().model())).number(Double.NaN, "null_score_diff_threshold");
            List<Row> rows = spark.read()
                    .parquet(config.output().dir() + "/" + EvaluateJob.PREDICTIONS)
                    .orderBy("index")
                    .collectAsList();
            // Not 24, because whole contexts are held out.
            assertThat(rows).hasSize(23);
            for (Row row : rows) {
                assertThat(row.<String>getAs("id")).startsWith("q");
                assertThat(row.getList(row.fieldIndex("answers")).isEmpty())
                        .isEqualTo(row.<String>getAs("question").startsWith("who does not"));
                boolean none = row.<Double>getAs("no_answer_score") - row.<Double>getAs("score") > threshold;
                assertThat(row.<String>getAs("prediction") == null).isEqualTo(none);
            }
            predict(spark, config, train, threshold);
        }
    }

    private void predict(SparkSession spark, RunConfig config, Path input, double threshold) {
        String output = folder.resolve("predicted").toString();
        PredictJob.run(spark, config, "--input", input.toString(), output);
        List<Row> rows = spark.read().parquet(output).orderBy("index").collectAsList();
        assertThat(rows).hasSize(80);
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            assertThat(row.<Long>getAs("index")).isEqualTo(i);
            assertThat(row.<String>getAs("id")).isEqualTo("q" + i);
            assertThat(row.<String>getAs("error")).isNull();
            String answer = row.getAs("answer");
            String context = row.getAs("context");
            assertThat(answer == null)
                    .isEqualTo(row.<Double>getAs("no_answer_score") - row.<Double>getAs("score") > threshold);
            if (answer != null) {
                int from = context.offsetByCodePoints(0, row.<Integer>getAs("start"));
                int to = context.offsetByCodePoints(0, row.<Integer>getAs("end"));
                assertThat(context.substring(from, to)).isEqualTo(answer);
            }
        }
    }

    static Stream<Arguments> familiesAndMethods() {
        return TestMatrix.first(
                1,
                arguments("bert-qa", "full"),
                arguments("distilbert-qa", "lora"),
                arguments("electra-seqcls", "qlora"),
                arguments("bert-qa", "freeze"),
                arguments("bert-qa", "qlora"),
                arguments("roberta-seqcls", "lora"),
                arguments("xlm-roberta-seqcls", "full"));
    }

    @ParameterizedTest
    @MethodSource("familiesAndMethods")
    void trainsEveryFamilyWithEveryMethod(String model, String method) throws Exception {
        RunConfig config =
                config(model, "method.type=" + method, "training.num_train_epochs=1", "training.learning_rate=1.0e-2");
        Path train = Questions.squad(folder.resolve("train.json"), Questions.rows(40, 0), 3);
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});
            Scores scores = EvaluateJob.run(spark, config).get(0);
            assertThat(scores.metrics()).containsOnlyKeys(result.eval().keySet());
            scores.metrics()
                    .forEach((name, value) ->
                            assertThat(value).as(name).isCloseTo(result.eval().get(name), within(1e-4)));
            // A model of version 1 always answers.
            String output = folder.resolve("predicted").toString();
            PredictJob.run(spark, config, "--input", train.toString(), output);
            List<Row> predicted = spark.read().parquet(output).orderBy("index").collectAsList();
            assertThat(predicted).hasSize(40).allSatisfy(row -> {
                assertThat(row.<String>getAs("error")).isNull();
                assertThat(row.<String>getAs("answer")).isNotEmpty();
            });
            Path trained = Path.of(config.output().model());
            assertThat(Files.readString(trained.resolve("README.md"))).contains("pipeline_tag: question-answering");
            if (config.method().isLora()) {
                merged(spark, config, trained, predicted);
            }
        }
    }

    private void merged(SparkSession spark, RunConfig config, Path adapter, List<Row> predicted) throws Exception {
        assertThat(Files.readString(adapter.resolve("adapter_config.json")))
                .contains("\"QUESTION_ANS\"")
                .contains("\"qa_outputs\"");
        MergeJob.run(spark, config, null, folder.resolve("merged/model").toString());
        RunConfig whole = config(
                "bert-qa", "method.type=full", "model=" + config.model(), "output.dir=" + folder.resolve("merged"));
        String output = folder.resolve("again").toString();
        PredictJob.run(spark, whole, "--input", folder.resolve("train.json").toString(), output);
        List<Row> again = spark.read().parquet(output).orderBy("index").collectAsList();
        assertThat(again).hasSameSizeAs(predicted);
        // Merging into the full-precision base removes the rounding to 4 bits.
        for (int i = 0; config.method().type() == MethodConfig.Type.LORA && i < again.size(); i++) {
            assertThat(again.get(i).<String>getAs("answer"))
                    .isEqualTo(predicted.get(i).getAs("answer"));
            assertThat(again.get(i).<Double>getAs("score"))
                    .isCloseTo(predicted.get(i).getAs("score"), within(1e-4));
        }
    }
}
