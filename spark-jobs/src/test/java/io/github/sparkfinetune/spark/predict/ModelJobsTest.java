package io.github.sparkfinetune.spark.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.PredictConfig.PredictPrecision;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.ClassificationMetrics;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.parquet.ParquetSamples;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.model.TaskModels;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
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
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** All jobs in order, with a real (tiny) model: prepare, train, evaluate, predict. */
@Timeout(600)
class ModelJobsTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");

    @TempDir
    Path folder;

    @Test
    void evaluatesAndPredictsAsInOneProcess() throws Exception {
        Path mails = mails();
        List<String> texts = new ArrayList<>();
        for (String line : Files.readAllLines(mails)) {
            texts.add(new ObjectMapper().readTree(line).path("text").asText());
        }
        RunConfig config = config();
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            ShownJobs jobs = new ShownJobs();
            spark.sparkContext().addSparkListener(jobs);
            PrepareJob.run(spark, config);
            List<TrainingRecord> records = Collections.synchronizedList(new ArrayList<>());

            TrainingResult result = TrainJob.run(spark, config, records::add);

            assertThat(records.stream().filter(record -> record.eval() == null).map(TrainingRecord::step))
                    .containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
            assertThat(result.steps()).isEqualTo(6);

            Scores scores = EvaluateJob.run(spark, config).get(0);
            jobs.stop(spark);

            ClassificationMetrics expected = metricsInOneProcess(config);
            assertThat(scores.confusion().labels()).containsExactly("cat", "dog");
            assertThat(scores.confusion().matrix()).isDeepEqualTo(expected.confusion());
            assertThat(scores.metrics().get("loss")).isCloseTo(expected.values().get("loss"), within(1e-6));
            // The trainer measured the same split before the model was written and read again.
            assertThat(scores.metrics()).containsOnlyKeys(result.eval().keySet());
            scores.metrics()
                    .forEach((name, value) ->
                            assertThat(value).as(name).isCloseTo(result.eval().get(name), within(1e-6)));
            Dataset<Row> predictions = spark.read().parquet(config.output().dir() + "/predictions.parquet");
            assertThat(scores.examples()).isNotEmpty().allSatisfy(example -> {
                assertThat(example.text()).singleElement().asString().isNotBlank();
                assertThat(example.score()).isBetween(0.5, 1.0);
            });
            assertThat(scores.examples().stream().filter(example -> example.group() == Scores.Group.RIGHT))
                    .allMatch(example -> example.expected().equals(example.predicted()));
            assertThat(scores.examples().stream().filter(example -> example.group() == Scores.Group.WRONG))
                    .noneMatch(example -> example.expected().equals(example.predicted()));
            assertThat(scores.metrics()).containsKeys("roc_auc", "average_precision");
            for (int partitions : new int[] {1, 8, 64}) {
                Metrics parts = PredictionScores.metrics(
                        config,
                        predictions.repartition(partitions),
                        scores.confusion().labels());
                assertThat(parts.values()).containsOnlyKeys(scores.metrics().keySet());
                parts.values()
                        .forEach((name, value) -> assertThat(value)
                                .as(name)
                                .isCloseTo(scores.metrics().get(name), within(1e-12)));
            }
            List<Row> rows = predictions.orderBy("index").collectAsList();
            assertThat(rows).hasSize(18);
            assertThat(rows.get(17).<Long>getAs("index")).isEqualTo(17);
            // The original texts, which differ from the tokens of an uncased model.
            assertThat(rows)
                    .extracting(row -> row.<String>getAs("text"))
                    .doesNotHaveDuplicates()
                    .allMatch(texts::contains);
            assertThat(scores.examples())
                    .allMatch(example -> texts.contains(example.text().get(0)));

            Files.writeString(mails, "{\"text\": \"the cat sat 3\"}\n{\"other\": 1}\n");
            String output = folder.resolve("predicted").toString();
            spark.sparkContext().addSparkListener(jobs);
            assertThat(PredictJob.run(spark, config, "data.train", mails.toString(), output))
                    .isEmpty();
            jobs.stop(spark);

            List<Row> predicted = spark.read().parquet(output).orderBy("text").collectAsList();
            assertThat(predicted).hasSize(2);
            assertThat(predicted.get(0).<String>getAs("error")).isNotBlank();
            assertThat(predicted.get(0).<String>getAs("prediction")).isNull();
            assertThat(predicted.get(1).<String>getAs("text")).isEqualTo("the cat sat 3");
            assertThat(predicted.get(1).<String>getAs("prediction")).isIn("cat", "dog");
            assertThat(predicted.get(1).<Double>getAs("score")).isBetween(0.5, 1.0);
            PredictJob.run(spark, config, "data.train", mails.toString(), output);
            assertThat(spark.read().parquet(output).orderBy("text").collectAsList())
                    .isEqualTo(predicted);

            String trains = "train file:" + MODEL.toRealPath() + " on 2 rank(s) into file:" + folder.toRealPath();
            assertThat(jobs.descriptions)
                    .contains(
                            "prepare: count data.train",
                            "prepare: split",
                            "evaluate: predictions.parquet",
                            "predict file:" + mails)
                    .anyMatch(description -> description.startsWith(trains))
                    .doesNotContain("nothing");
        }
    }

    @Test
    void predictsInInt8AndReportsTheAgreementWithF32() throws Exception {
        mails();
        RunConfig config = config("cluster.ranks=1");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainJob.run(spark, config, row -> {});
            // Equal texts, long and short, are predicted in the order of the input.
            String lines = "{\"text\": \"the dog barked at the cat and the other dogs 7\"}\n{\"text\": \"cat\"}\n";
            Path input = Files.writeString(folder.resolve("others.jsonl"), lines.repeat(20));
            RunConfig narrow = config.withPredictPrecision(PredictPrecision.INT8);
            Optional<Agreement> agreement =
                    PredictJob.run(spark, narrow, "--input", input.toString(), folder + "/int8");
            PredictJob.run(spark, config, "--input", input.toString(), folder + "/fp32");

            List<Row> int8 =
                    spark.read().parquet(folder + "/int8").orderBy("index").collectAsList();
            List<Row> fp32 =
                    spark.read().parquet(folder + "/fp32").orderBy("index").collectAsList();
            assertThat(int8).hasSize(40);
            double largest = 0;
            for (int i = 0; i < 40; i++) {
                assertThat(int8.get(i).<String>getAs("text"))
                        .isEqualTo(fp32.get(i).getAs("text"));
                assertThat(int8.get(i).<Double>getAs("score"))
                        .isEqualTo(int8.get(i % 2).getAs("score"));
                largest = Math.max(
                        largest,
                        Math.abs(
                                int8.get(i).<Double>getAs("score") - fp32.get(i).<Double>getAs("score")));
            }
            assertThat(agreement).isPresent();
            assertThat(agreement.get().rows()).isEqualTo(40);
            assertThat(agreement.get().equal()).isEqualTo(40);
            assertThat(agreement.get().largest()).isCloseTo(largest, within(1e-12));
            assertThat(largest).isBetween(1e-9, 0.05);
            assertThat(EvaluateJob.agreement(spark, config)).isEmpty();
            assertThat(EvaluateJob.agreement(spark, narrow).orElseThrow().rows())
                    .isEqualTo(18);
        }
    }

    /** Descriptions of jobs in Spark's UI. */
    private static final class ShownJobs extends SparkListener {
        private final List<String> descriptions = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void onJobStart(SparkListenerJobStart start) {
            descriptions.add(start.properties().getProperty("spark.job.description", "nothing"));
        }

        void stop(SparkSession spark) throws TimeoutException {
            spark.sparkContext().listenerBus().waitUntilEmpty();
            spark.sparkContext().removeSparkListener(this);
        }
    }

    @Test
    @Tag("full")
    void loadsAModelOncePerCommandAndNumbersRowsInTheSourcesOrder() throws Exception {
        mails();
        RunConfig config = config("training.max_steps=1", "cluster.ranks=1");
        Path parts = Files.createDirectory(folder.resolve("parts"));
        List<String> texts = new ArrayList<>();
        for (int part = 0; part < 6; part++) {
            StringBuilder rows = new StringBuilder();
            for (int row = 0; row < 2; row++) {
                texts.add("cat " + part + " " + row);
                rows.append("{\"text\": \"").append(texts.get(texts.size() - 1)).append("\"}\n");
            }
            Files.writeString(parts.resolve("part-" + part + ".jsonl"), rows);
        }
        Map<String, String> oneFilePerPartition = Map.of("spark.sql.files.minPartitionNum", "6");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", oneFilePerPartition)) {
            PrepareJob.run(spark, config);
            TrainJob.run(spark, config, record -> {});
            assertThat(PrepareFixture.inputs(spark, config, parts).getNumPartitions())
                    .isEqualTo(6);
            long before = TaskModels.loads();
            String to = folder.resolve("predicted").toString();
            PredictJob.run(spark, config, "--input", parts.toString(), to);
            assertThat(TaskModels.loads() - before).isEqualTo(1);
            List<Row> predicted = spark.read().parquet(to).orderBy("index").collectAsList();
            assertThat(predicted)
                    .extracting(row -> row.<Long>getAs("index"))
                    .containsExactlyElementsOf(LongStream.range(0, texts.size())
                            .mapToObj(row -> ((row / 2) << 33) + row % 2)
                            .toList());
            assertThat(predicted)
                    .extracting(row -> row.<String>getAs("text"))
                    .containsExactlyInAnyOrderElementsOf(texts);
            // Spark lists files in any order, but the rows of a file are consecutive.
            for (int i = 0; i < predicted.size(); i += 2) {
                assertThat(predicted.get(i).<String>getAs("text")).endsWith(" 0");
                assertThat(predicted.get(i + 1).<String>getAs("file"))
                        .isEqualTo(predicted.get(i).getAs("file"));
            }
        }
    }

    static Stream<Arguments> adapters() {
        return TestMatrix.first(
                1,
                Arguments.of("lora", "bert-seqcls"),
                Arguments.of("qlora", "bert-seqcls"),
                Arguments.of("lora", "llama-tied"),
                Arguments.of("qlora", "gpt2"));
    }

    @ParameterizedTest
    @MethodSource("adapters")
    void evaluatesPredictsWithAndMergesAnAdapterOfAClassifier(String method, String base) throws Exception {
        Path mails = mails();
        String model = "model=" + MODEL.resolveSibling(base).toAbsolutePath().normalize();
        RunConfig config = config(
                model,
                "method.type=" + method,
                "method.target_modules=" + (base.startsWith("bert") ? "[query, value]" : "all-linear"),
                "training.learning_rate=2.0e-2",
                "training.num_train_epochs=2");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});
            assertThat(Path.of(config.output().model()))
                    .isDirectoryContaining("glob:**/adapter_model.safetensors")
                    .isDirectoryNotContaining("glob:**/model.safetensors");

            Scores scores = EvaluateJob.run(spark, config).get(0);

            assertThat(scores.metrics().get("loss"))
                    .isCloseTo(result.eval().get("loss"), within(1e-5))
                    .isLessThan(Math.log(2));
            assertThat(scores.base()).isEmpty();
            String output = folder.resolve("predicted").toString();
            PredictJob.run(spark, config, "data.train", mails.toString(), output);
            List<Row> predicted = spark.read().parquet(output).orderBy("index").collectAsList();
            assertThat(predicted)
                    .hasSize(60)
                    .allSatisfy(row -> assertThat(row.<String>getAs("error")).isNull());

            // The merged full-precision model predicts the same.
            String merged = folder.resolve("merged/model").toString();
            MergeJob.run(spark, config, null, merged);
            RunConfig whole = config(model, "method.type=full", "output.dir=" + folder.resolve("merged"));
            String again = folder.resolve("again").toString();
            PredictJob.run(spark, whole, "data.train", mails.toString(), again);
            List<Row> ofMerged = spark.read().parquet(again).orderBy("index").collectAsList();
            for (int i = 0; i < 60; i++) {
                assertThat(ofMerged.get(i).<Double>getAs("score"))
                        .isCloseTo(predicted.get(i).getAs("score"), within(method.equals("lora") ? 1e-5 : 0.1));
            }
        }
    }

    static Stream<Arguments> problems() {
        return TestMatrix.first(1, Arguments.of("multi_label_classification"), Arguments.of("regression"));
    }

    @ParameterizedTest
    @MethodSource("problems")
    void evaluatesAndPredictsSeveralLabelsAndNumbers(String problem) throws Exception {
        boolean number = problem.equals("regression");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            String label = number ? String.valueOf(i % 2) : i % 2 == 0 ? "[\"cat\", \"pet\"]" : "[]";
            lines.add("{\"text\": \"" + (i % 2 == 0 ? "The cat  sat-" : "A dog (ran) ") + i + "\", \"label\": " + label
                    + "}");
        }
        Path texts = Files.write(folder.resolve("mails.jsonl"), lines);
        RunConfig config = config(
                "classification.problem_type=" + problem,
                "training.learning_rate=1.0e-2",
                "training.num_train_epochs=3");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            PrepareJob.run(spark, config);
            TrainingResult result = TrainJob.run(spark, config, record -> {});

            Scores scores = EvaluateJob.run(spark, config).get(0);

            assertThat(scores.confusion().matrix()).isEmpty();
            assertThat(scores.metrics()).containsOnlyKeys(result.eval().keySet());
            scores.metrics()
                    .forEach((name, value) ->
                            assertThat(value).as(name).isCloseTo(result.eval().get(name), within(1e-5)));
            assertThat(scores.metrics()).containsKey(number ? "pearson" : "f1_micro");
            List<Row> evaluated = spark.read()
                    .parquet(config.output().dir() + "/predictions.parquet")
                    .orderBy("index")
                    .collectAsList();
            assertThat(evaluated).hasSize(18).allSatisfy(row -> {
                if (number) {
                    assertThat(Math.pow(row.<Double>getAs("label") - row.<Double>getAs("prediction"), 2))
                            .isCloseTo(row.getAs("loss"), within(1e-9));
                } else {
                    assertThat(row.getList(row.fieldIndex("label"))).isIn(List.of(), List.of("cat", "pet"));
                    assertThat(row.getList(row.fieldIndex("probabilities"))).hasSize(2);
                }
            });

            RunConfig other = config("classification.problem_type=single_label_classification");
            assertThatThrownBy(() -> EvaluateJob.run(spark, other))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining(
                            "describes a model for " + problem + ", this run has single_label_classification");
            String single = folder.resolve("single").toString();
            PrepareJob.run(spark, config("data.train=" + pets(), "data.dir=" + single));
            RunConfig ofSingle = config("data.dir=" + single, "classification.problem_type=" + problem);
            assertThatThrownBy(() -> EvaluateJob.run(spark, ofSingle))
                    .isInstanceOfSatisfying(
                            RunException.class,
                            refused -> assertThat(refused.exitCode()).isEqualTo(ExitCode.DATA))
                    .hasMessageContaining("was prepared with classification.problem_type: single_label_classification,"
                            + " this run has " + problem);

            Files.writeString(texts, "{\"text\": \"the cat sat 3\"}\n{\"other\": 1}\n");
            String output = folder.resolve("predicted").toString();
            PredictJob.run(spark, config, "data.train", texts.toString(), output);

            List<Row> predicted = spark.read().parquet(output).orderBy("index").collectAsList();
            assertThat(predicted).hasSize(2);
            assertThat(predicted.get(1).<String>getAs("error")).isNotBlank();
            assertThat(predicted.get(1).<Object>getAs("prediction")).isNull();
            assertThat(predicted.get(0).<String>getAs("error")).isNull();
            if (number) {
                assertThat(predicted.get(0).<Double>getAs("prediction")).isBetween(-1.0, 2.0);
            } else {
                List<Double> probabilities =
                        predicted.get(0).getList(predicted.get(0).fieldIndex("probabilities"));
                List<String> likely = new ArrayList<>(List.of("cat", "pet"));
                likely.removeIf(name -> probabilities.get(name.equals("cat") ? 0 : 1) <= 0.5);
                assertThat(predicted.get(0).<String>getList(predicted.get(0).fieldIndex("prediction")))
                        .isEqualTo(likely);
            }
        }
    }

    private Path mails() throws IOException {
        return labelled("mails.jsonl", "dog");
    }

    /** Returns texts with one label each, with the label names of the texts with several labels. */
    private Path pets() throws IOException {
        return labelled("pets.jsonl", "pet");
    }

    private Path labelled(String name, String second) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            lines.add("{\"text\": \"" + (i % 2 == 0 ? "The cat  sat-" : "A dog (ran) ") + i + "\", \"label\": \""
                    + (i % 2 == 0 ? "cat" : second) + "\"}");
        }
        return Files.write(folder.resolve(name), lines);
    }

    private RunConfig config(String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.eval_fraction=0.3",
                "data.max_length=16",
                "training.per_device_train_batch_size=4",
                "training.save_steps=2"));
        Collections.addAll(all, settings);
        return Runs.in(folder, all.toArray(String[]::new));
    }

    private static ClassificationMetrics metricsInOneProcess(RunConfig config) throws Exception {
        org.apache.hadoop.fs.Path dataset = new org.apache.hadoop.fs.Path(config.dataset());
        Configuration hadoop = new Configuration();
        Manifest manifest = Manifest.read(dataset, hadoop);
        List<String> labels = manifest.labels();
        ClassificationMetrics metrics = new ClassificationMetrics(labels);
        RowType<?> rows = TaskSpecs.of(config).evaluationRows();
        try (ParquetSamples samples = ParquetSamples.open(dataset, manifest, Manifest.EVAL, hadoop);
                Predictor predictor = Predictor.trained(config, hadoop, MODEL, -1, 1)) {
            predictor.evaluate(samples, labels, 0, 1).forEachRemaining(row -> {
                Map<String, Object> values = rows.named(row);
                metrics.add(
                        labels.indexOf(values.get("label")),
                        labels.indexOf(values.get("prediction")),
                        (double[]) values.get("probabilities"),
                        (double) values.get("loss"));
            });
        }
        return metrics;
    }
}
