package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.expr;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.spark.listener.RecordingListener;
import io.github.sparkfinetune.spark.model.TaskModels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.function.VoidFunction2;
import org.apache.spark.ml.Pipeline;
import org.apache.spark.ml.PipelineModel;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.evaluation.MulticlassClassificationEvaluator;
import org.apache.spark.ml.feature.IndexToString;
import org.apache.spark.ml.feature.StringIndexerModel;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.tuning.CrossValidator;
import org.apache.spark.ml.tuning.CrossValidatorModel;
import org.apache.spark.ml.tuning.ParamGridBuilder;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.expressions.UserDefinedFunction;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.streaming.StreamingQuery;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Uses of a tiny real model as Spark ML's estimators and transformers. */
@Timeout(600)
class TextClassifierTest extends SparkMlTest {
    /** Model that was fitted on {@code mails(false)}. */
    private static TextClassifierModel fitted;

    @BeforeAll
    static void fit() {
        fitted = trainer().setSettings("training.report_to=[tensorboard]").fit(mails(false));
    }

    private static Dataset<Row> mails(boolean numbers) {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            String text = (i % 2 == 0 ? "a cat and a cat " : "the dog of a dog ") + i;
            rows.add(RowFactory.create(i, text, numbers ? (Object) (double) (i % 2) : i % 2 == 0 ? "cat" : "dog"));
        }
        return spark.createDataFrame(
                rows,
                new StructType()
                        .add("id", DataTypes.IntegerType)
                        .add("mail", DataTypes.StringType)
                        .add("kind", numbers ? DataTypes.DoubleType : DataTypes.StringType));
    }

    private static TextClassifierTrainer trainer() {
        return tiny(new TextClassifierTrainer(), "bert-seqcls")
                .setInputCol("mail")
                .setLabelCol("kind")
                .setMaxLength(16)
                .setNumTrainEpochs(4)
                .setLearningRate(5e-3);
    }

    @Test
    void addsTheColumnsOfSparkMlAndOfDjl() {
        Dataset<Row> mails = mails(false);
        TextClassifierModel model =
                fitted.copy(ParamMap.empty()).setOutputCol("djl").setTopK(1);

        Dataset<Row> result = model.transform(mails);

        assertThat(result.schema()).isEqualTo(model.transformSchema(mails.schema()));
        assertThat(result.columns())
                .containsExactly("id", "mail", "kind", "prediction", "probability", "rawPrediction", "djl");
        List<Row> rows = result.collectAsList();
        assertThat(rows).extracting(row -> row.getInt(0)).isEqualTo(ids(mails));
        assertThat(rows)
                .filteredOn(row -> row.getString(2).equals(row.getString(3)))
                .hasSizeGreaterThan(35);
        for (Row row : rows) {
            Vector probability = row.getAs("probability");
            assertThat(probability.apply(0) + probability.apply(1)).isCloseTo(1, within(1e-6));
            // The logarithm may differ in the last bit between interpreted and compiled code.
            assertThat(row.<Vector>getAs("rawPrediction").apply(0))
                    .isCloseTo(Math.log(probability.apply(0)), within(1e-12));
            Row djl = row.getStruct(6);
            assertThat(djl.getList(0)).isEqualTo(List.of("cat", "dog"));
            assertThat(djl.getList(2)).isEqualTo(List.of(row.getString(3)));
        }
        Path run = Path.of(URI.create(model.runDir()));
        assertThat(run.resolve("model/config.json")).exists();
        assertThat(run.resolve("report.html")).exists();
        assertThat(run.resolve("metrics.json")).content().contains("\"train\"").doesNotContain("\"test\"");
        assertThat(RecordingListener.EVENTS)
                .contains("step 1", "FINISHED [run.yaml, metrics.json, report.html]")
                .anyMatch(event -> event.startsWith("trained "));
    }

    /**
     * Every row twice and every fifth label wrong: the metrics count equal rows, and are those of {@code transform}.
     */
    @Test
    void measuresLabelledRows() throws Exception {
        Dataset<Row> mails = mails(false)
                .withColumn("kind", expr("if(id % 5 = 0, if(kind = 'cat', 'dog', 'cat'), kind)"))
                .withColumnRenamed("mail", "letter");
        TextClassifierModel model = fitted.copy(ParamMap.empty()).setInputCol("letter");
        Dataset<Row> twice = mails.unionAll(mails);
        double right = twice.join(model.transform(mails).select("id", "prediction"), "id")
                .selectExpr("avg(double(kind = prediction))")
                .head()
                .getDouble(0);

        assertThat(model.evaluate(twice)).containsEntry("accuracy", right).containsKeys("loss", "f1_macro");
        JsonNode metrics = JsonFiles.MAPPER.readTree(model.evaluated(twice));
        assertThat(metrics.at("/confusion_matrix/labels").toString()).isEqualTo("[\"cat\",\"dog\"]");
        assertThat(spark.sql("SHOW TABLES").select("tableName").collectAsList())
                .noneMatch(row -> row.getString(0).startsWith("evaluated_"));
        assertThatThrownBy(() -> model.evaluate(mails.drop("kind")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("the label of the run: there is no column kind, the columns are id, letter")
                .hasMessageEndingWith("add a column that is string or a number");
    }

    @Test
    void marksRowsToEvaluateOn() throws Exception {
        Dataset<Row> mails = mails(false).withColumn("held", expr("CASE WHEN id % 5 = 0 THEN true END"));
        TextClassifierTrainer trainer = trainer().setValidationIndicatorCol("held");

        Path run = Path.of(URI.create(trainer.fit(mails).runDir()));

        JsonNode metrics = JsonFiles.MAPPER.readTree(run.resolve("metrics.json").toFile());
        assertThat(metrics.path("test").path("accuracy").asDouble()).isGreaterThan(0.7);
        JsonNode manifest =
                JsonFiles.MAPPER.readTree(run.resolve("dataset/manifest-1.json").toFile());
        assertThat(manifest.path("splits").path("train").path("rows").asInt()).isEqualTo(32);
        assertThat(manifest.path("splits").path("eval").path("rows").asInt()).isEqualTo(8);
        assertThatThrownBy(() -> trainer.fit(mails.filter("id % 5 > 0")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("eval");
        assertThatThrownBy(() -> trainer.setValidationIndicatorCol("id").fit(mails))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("validationIndicatorCol: column id is int, it must be boolean");
    }

    @Test
    void refusesRowsThatDifferBetweenPasses() {
        UserDefinedFunction random =
                functions.udf(() -> Math.random(), DataTypes.DoubleType).asNondeterministic();
        Dataset<Row> mails = mails(false).withColumn("mail", functions.concat_ws(" ", expr("mail"), random.apply()));

        assertThatThrownBy(() -> trainer().fit(mails))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("the DataFrame had other rows when it was read again")
                .hasMessageNotContaining("\n");
    }

    @Test
    void anotherThreadFollowsAndCancels() throws Exception {
        FollowedFit<TextClassifierModel> fit =
                trainer().setSettings("training.max_steps=4000").follow(mails(false));
        assertThat(fit.cancel()).isFalse();
        CompletableFuture<TextClassifierModel> fitted = CompletableFuture.supplyAsync(fit::run);
        StringBuilder shown = new StringBuilder();
        while (!fitted.isDone() && !shown.toString().contains("train     [")) {
            TimeUnit.MILLISECONDS.sleep(10);
            shown.append(fit.shown());
        }
        assertThat(shown).contains("\"prepare   40 train rows");
        assertThat(fit.cancel()).isTrue();

        assertThatThrownBy(fitted::get).hasMessageContaining("interrupted");
    }

    @Test
    void theSameFitResumesFromTheNewestCheckpoint(@TempDir Path folder) throws Exception {
        Dataset<Row> mails = mails(false);
        Path killedDir = folder.resolve("killed");
        TextClassifierTrainer trainer = trainer()
                .setOutputDir(killedDir.toString())
                .setSettings(
                        "training.report_to=[tensorboard]",
                        "training.max_steps=400",
                        "training.logging_steps=1",
                        "training.save_steps=10");
        CompletableFuture<TextClassifierModel> killed = CompletableFuture.supplyAsync(
                () -> trainer.copy(ParamMap.empty()).fit(mails));
        // The driver hears of steps later than the checkpoints are there.
        while (!killed.isDone() && !hasCheckpoint(killedDir)) {
            TimeUnit.MILLISECONDS.sleep(10);
        }
        spark.sparkContext().cancelAllJobs();
        assertThatThrownBy(killed::get).hasRootCauseInstanceOf(SparkException.class);

        int resumed = RecordingListener.EVENTS.size();
        TextClassifierModel model =
                trainer.fit(mails.orderBy(functions.desc("id")).repartition(3));
        assertThat(events(resumed)).doesNotContain("step 5").contains("step 400");
        int ended = RecordingListener.EVENTS.size();
        TextClassifierModel again = trainer.fit(mails);
        assertThat(again.runDir()).isEqualTo(model.runDir());
        assertThat(events(ended)).isEmpty();
        assertThat(spark.sql("SHOW TABLES").select("tableName").collectAsList())
                .noneMatch(row -> row.getString(0).startsWith("fit_"));

        TextClassifierModel undisturbed = trainer.copy(ParamMap.empty())
                .setOutputDir(folder.resolve("undisturbed").toString())
                .fit(mails);
        assertThat(weights(model)).hasSameBinaryContentAs(weights(undisturbed));
        String other = trainer.setLearningRate(1e-3)
                .setSettings("training.max_steps=1")
                .fit(mails)
                .runDir();
        assertThat(other).isNotEqualTo(model.runDir());
        assertThat(trainer.fit(mails.limit(39)).runDir()).isNotEqualTo(other);
    }

    private static boolean hasCheckpoint(Path fits) throws IOException {
        if (!Files.exists(fits)) {
            return false;
        }
        try (Stream<Path> all = Files.find(fits, 4, (path, file) -> path.endsWith("COMMITTED"))) {
            return all.findAny().isPresent();
        } catch (UncheckedIOException e) {
            // A folder was removed while it was listed.
            return false;
        }
    }

    private static List<String> events(int from) {
        return RecordingListener.EVENTS.stream().skip(from).toList();
    }

    private static Path weights(TextClassifierModel model) {
        return Path.of(URI.create(model.runDir())).resolve("model/model.safetensors");
    }

    private static List<Integer> ids(Dataset<Row> rows) {
        return rows.collectAsList().stream().map(row -> row.getInt(0)).toList();
    }

    /** The names of the indexer are not in the order of the model's labels, and one of them no row has. */
    @Test
    void keepsTheNamesOfStringIndexer() throws Exception {
        StringIndexerModel indexer = new StringIndexerModel("indexer", new String[] {"fox", "dog", "cat"})
                .setInputCol("kind")
                .setOutputCol("number");
        Dataset<Row> mails = indexer.transform(mails(false));
        TextClassifierModel model =
                trainer().setLabelCol("number").setThresholds(0.5, 0.5, 0.5).fit(mails);

        assertThat(model.labels()).containsExactly("fox", "dog", "cat");
        assertThat(model.numClasses()).isEqualTo(3);
        assertThat(JsonFiles.MAPPER
                        .readTree(Files.readString(
                                Path.of(URI.create(model.runDir())).resolve("model/config.json")))
                        .at("/id2label")
                        .toString())
                .isEqualTo("{\"0\":\"cat\",\"1\":\"dog\"}");
        List<Row> rows = model.transform(mails)
                .select("number", "prediction", "probability")
                .collectAsList();
        assertThat(rows).filteredOn(row -> row.getDouble(0) == row.getDouble(1)).hasSizeGreaterThan(35);
        assertThat(rows).allSatisfy(row -> {
            Vector probability = row.getAs(2);
            assertThat(probability.argmax()).isEqualTo((int) row.getDouble(1));
            assertThat(probability.apply(0)).isZero();
        });
        assertThat(model.evaluate(mails).get("accuracy")).isGreaterThan(0.8);
        model.write().save(dir.resolve("indexed").toString());
        assertThat(TextClassifierModel.load(dir.resolve("indexed").toString())
                        .transform(mails)
                        .select("prediction")
                        .collectAsList())
                .isEqualTo(model.transform(mails).select("prediction").collectAsList());
    }

    /** The label with the highest probability / threshold, as {@code ProbabilisticClassificationModel} predicts. */
    @Test
    void predictsByThresholds() {
        Dataset<Row> mails = mails(false);
        TextClassifierModel model = fitted.copy(ParamMap.empty());

        assertThat(model.setThresholds(0.1, 0.9)
                        .transform(mails)
                        .select("prediction", "probability")
                        .collectAsList())
                .allSatisfy(row -> {
                    Vector probability = row.getAs(1);
                    assertThat(row.getString(0))
                            .isEqualTo(probability.apply(0) / 0.1 >= probability.apply(1) / 0.9 ? "cat" : "dog");
                })
                .extracting(row -> row.getString(0))
                .contains("cat");
        assertThat(model.setThresholds(0.9, 0)
                        .transform(mails)
                        .select("prediction")
                        .distinct()
                        .collectAsList())
                .containsExactly(RowFactory.create("dog"));
        assertThatThrownBy(() -> model.setThresholds(1, 1, 1).transform(mails))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith("thresholds: there are 3 for 2 labels: give one for each of cat, dog");
        assertThatThrownBy(() -> model.setThresholds(0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new GroupedTrainer()
                        .setTrainer(trainer().setThresholds(1, 1))
                        .setGroupCol("kind")
                        .fit(mails))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith("the labels of groups may differ: clear the trainer's thresholds");
    }

    @Test
    @Tag("full")
    void crossValidatesSavesAndLoadsAPipeline() throws Exception {
        Dataset<Row> mails = mails(true);
        TextClassifierTrainer trainer = trainer().setMethod("lora").setSettings("method.r=4", "training.max_steps=6");
        Pipeline pipeline = new Pipeline().setStages(new PipelineStage[] {
            trainer,
            new IndexToString()
                    .setInputCol("prediction")
                    .setOutputCol("predicted")
                    .setLabels(new String[] {"cat", "dog"})
        });
        ParamMap[] grid = new ParamGridBuilder()
                .addGrid(trainer.learningRate(), new double[] {1e-6, 2e-2})
                .build();
        CrossValidatorModel best = new CrossValidator()
                .setEstimator(pipeline)
                .setEvaluator(new MulticlassClassificationEvaluator()
                        .setLabelCol("kind")
                        .setMetricName("accuracy"))
                .setEstimatorParamMaps(grid)
                .setNumFolds(2)
                .setSeed(3)
                .fit(mails);

        assertThat(best.avgMetrics()[1]).isGreaterThan(best.avgMetrics()[0]).isGreaterThan(0.9);
        String saved = dir.resolve("saved").toString();
        ((PipelineModel) best.bestModel()).write().overwrite().save(saved);
        PipelineModel loaded = PipelineModel.load(saved);
        assertThat(loaded.transform(mails).select("prediction", "predicted").collectAsList())
                .isEqualTo(
                        best.transform(mails).select("prediction", "predicted").collectAsList());
        assertThat(((TextClassifierModel) loaded.stages()[0]).evaluate(mails).get("accuracy"))
                .isGreaterThan(0.9);
    }

    @Test
    void classifiesAStreamLikeABatch() throws Exception {
        Dataset<Row> mails = mails(false);
        Path in = dir.resolve("in");
        mails.repartition(2).write().parquet(in.toString());

        StreamingQuery query = fitted.transform(
                        spark.readStream().schema(mails.schema()).parquet(in.toString()))
                .writeStream()
                .format("memory")
                .queryName("predicted")
                .start();
        try {
            query.processAllAvailable();
            assertThat(spark.table("predicted")
                            .orderBy("id")
                            .select("prediction")
                            .collectAsList())
                    .isEqualTo(fitted.transform(mails)
                            .orderBy("id")
                            .select("prediction")
                            .collectAsList());
        } finally {
            query.stop();
        }
    }

    /** A stream of any length uses one model, and holds only the rows that are being computed. */
    @Test
    void usesOneModelForAnEndlessStream() throws Exception {
        fitted.transform(mails(false)).collectAsList();
        long before = TaskModels.loads();
        CountDownLatch batches = new CountDownLatch(5);
        Set<String> predicted = ConcurrentHashMap.newKeySet();
        Dataset<Row> texts = spark.readStream()
                .format("rate")
                .option("rowsPerSecond", 200)
                .load()
                .select(expr("concat(if(value % 2 = 0, 'a cat and a cat ', 'the dog of a dog '), value % 40) mail"));
        StreamingQuery query = fitted.transform(texts)
                .writeStream()
                .foreachBatch((VoidFunction2<Dataset<Row>, Long>) (batch, id) -> {
                    List<Row> rows = batch.select("prediction").collectAsList();
                    rows.forEach(row -> predicted.add(row.getString(0)));
                    if (!rows.isEmpty()) {
                        batches.countDown();
                    }
                })
                .start();
        try {
            assertThat(batches.await(2, TimeUnit.MINUTES)).isTrue();
        } finally {
            query.stop();
        }
        assertThat(query.exception().isEmpty()).isTrue();
        assertThat(predicted).containsExactlyInAnyOrder("cat", "dog");
        assertThat(TaskModels.loads()).isEqualTo(before);
    }

    @Test
    void predictsNothingForUnusableTexts() {
        Dataset<Row> withNull = spark.createDataFrame(
                List.of(RowFactory.create("a cat and a cat 0"), RowFactory.create((Object) null)),
                new StructType().add("mail", DataTypes.StringType));

        List<Row> rows =
                fitted.transform(withNull).select("prediction", "probability").collectAsList();

        assertThat(rows.get(0).get(0)).isEqualTo("cat");
        assertThat(rows.get(1).get(0)).isNull();
        assertThat(rows.get(1).get(1)).isNull();
    }

    @Test
    void namesWhatIsMissing() throws Exception {
        Dataset<Row> mails = mails(false);
        assertThatThrownBy(() -> new TextClassifierTrainer()
                        .setInputCol("mail")
                        .setLabelCol("kind")
                        .fit(mails))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("model is not set");
        assertThatThrownBy(
                        () -> trainer().setSettings("training.learning_rat=1").fit(mails))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("learning_rate");
        Path none = Files.createDirectories(dir.resolve("none"));
        assertThatThrownBy(() -> TextClassifierModel.ofRun(none.toString()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("has no run.yaml");
    }
}
