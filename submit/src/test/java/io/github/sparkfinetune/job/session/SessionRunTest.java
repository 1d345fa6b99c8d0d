package io.github.sparkfinetune.job.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.job.Mails;
import io.github.sparkfinetune.spark.predict.CorpusVerdicts;
import io.github.sparkfinetune.spark.source.NamedRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runs in an existing session, with a tiny real model. */
@Timeout(600)
class SessionRunTest {
    @TempDir
    private static Path dir;

    private static SparkSession spark;

    @BeforeAll
    static void start() {
        spark = Mails.session();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static SessionRun run(Dataset<Row> rows, String name, String... settings) {
        List<String> all = Mails.settings(NamedRows.view(rows), dir.resolve(name), settings);
        return SessionRun.ofText(spark, "{}", "config", all, null);
    }

    /** A table has no files beside it, which init looks for at a file. */
    @Test
    void aRunIsProposedForRowsOfATable() throws IOException {
        String table = NamedRows.view(Mails.rows(spark, 40));

        JsonNode proposed = JsonFiles.MAPPER.readTree(SessionRun.proposed(
                spark,
                Mails.MODEL.toString(),
                table,
                null,
                List.of("output.dir=" + dir.resolve("proposed"), "training.max_steps=3")));

        assertThat(proposed.path("found").toString()).contains("task        classification");
        SessionRun run = SessionRun.ofText(spark, proposed.path("yaml").asText(), "init", List.of(), null);
        assertThat(JsonFiles.MAPPER
                        .readTree(run.json())
                        .at("/training/max_steps")
                        .asInt())
                .isEqualTo(3);
        assertThat(run.plan().refusal()).isNull();
    }

    @Test
    void runWritesAndReportsTheSameAsTheCommands() throws IOException {
        SessionRun run = run(Mails.rows(spark, 40), "run", "training.num_train_epochs=4");

        assertThat(run.plan().text()).contains("memory of a rank", "local[2] has room for 2");
        assertThat(run.plan().refusal()).isNull();
        run.step("prepare", "{}");
        run.step("train", "{}");

        JsonNode shown = JsonFiles.MAPPER.readTree(run.shown());
        assertThat(shown.path("lines"))
                .extracting(JsonNode::asText)
                .anyMatch(line -> line.startsWith("prepare   32 train rows"))
                .anyMatch(line -> line.matches("train     \\[#{20}] 16/16 .*done"));
        assertThat(shown.path("share").asDouble()).isEqualTo(1);
        run.step("evaluate", "{}");
        assertThat(JsonFiles.MAPPER.readTree(run.shown()).path("lines"))
                .extracting(JsonNode::asText)
                .anyMatch(line -> line.startsWith("test      loss"));
        assertThat(JsonFiles.MAPPER.readTree(run.shown()).path("lines")).isEmpty();
        JsonNode metrics = JsonFiles.MAPPER.readTree(run.file("metrics.json"));
        assertThat(metrics.path("test").path("accuracy").asDouble()).isGreaterThan(0.9);
        assertThat(run.file("report.html")).contains("Length of the training texts");
        assertThat(run.file("nothing.json")).isNull();
        assertThat(Files.readString(dir.resolve("run/status.json"))).contains("\"evaluate\"", "\"exit_code\": 0");
        assertThat(JsonFiles.MAPPER.readTree(run.manifest()).path("labels")).hasSize(2);
        assertThat(JsonFiles.MAPPER.readTree(run.funnel()).get(0).path("count").asInt())
                .isEqualTo(40);

        List<Row> samples =
                run.samples("train").select("text", "tokens", "label").collectAsList();
        assertThat(samples).hasSize(32).allMatch(row -> row.getString(0).contains("cat") == (row.getInt(2) == 0));
        List<Row> predicted = run.predict(Mails.rows(spark, 10), "said")
                .select("label", "said.prediction")
                .collectAsList();
        assertThat(predicted).filteredOn(row -> row.get(0).equals(row.get(1))).hasSizeGreaterThan(8);
        asAFunctionOfSql(run, predicted);
        measuredOnOtherRows(run);
        SessionRun again = SessionRun.ofFolder(spark, dir.resolve("run").toString());
        assertThat(again.file("metrics.json")).isEqualTo(run.file("metrics.json"));

        assertThat(explained(run)).allMatch(row -> row.getString(0).contains(row.getString(1)));

        String text = samples.get(0).getString(0);
        String where = "text=" + text.substring("[CLS] ".length(), text.length() - " [SEP]".length());
        erase(run, where, true);
        assertThat(run.file("erasure.json")).isNull();
        assertThat(run.shown()).contains("samples   1 of training, 0 held out");
        erase(run, where, false);
        JsonNode erasure = JsonFiles.MAPPER.readTree(run.file("erasure.json")).get(0);
        assertThat(erasure.path("finished").asText()).isNotEmpty();
        assertThat(erasure.path("changes").path("model_after").asText())
                .isNotEqualTo(erasure.path("changes").path("model_before").asText());
        assertThat(run.file("metrics.json")).isNotNull();
    }

    /** Six rows, of which two have the wrong label and two are equal, so four of six are right. */
    private static void measuredOnOtherRows(SessionRun run) throws IOException {
        String before = run.file("metrics.json");
        StructType columns = new StructType().add("text", DataTypes.StringType).add("label", DataTypes.StringType);
        List<Row> rows = List.of(
                RowFactory.create("a cat and a cat 3", "cat"),
                RowFactory.create("a cat and a cat 3", "cat"),
                RowFactory.create("a cat and a cat 5", "dog"),
                RowFactory.create("the dog of a dog 2", "dog"),
                RowFactory.create("the dog of a dog 4", "dog"),
                RowFactory.create("the dog of a dog 6", "cat"));
        String output = dir.resolve("run/evaluated").toString();
        for (int i = 0; i < 2; i++) {
            run.step("evaluate", evaluation(NamedRows.view(spark.createDataFrame(rows, columns)), output));
            JsonNode metrics = JsonFiles.MAPPER.readTree(run.file("evaluated/metrics.json"));
            assertThat(metrics.at("/test/accuracy").asDouble()).isCloseTo(4 / 6.0, offset(1e-6));
            assertThat(metrics.at("/confusion_matrix/counts").toString()).isEqualTo("[[2,1],[1,2]]");
        }
        assertThat(run.file("metrics.json")).isEqualTo(before);

        List<Row> birds = List.of(RowFactory.create("a bird", "bird"));
        String unknown = NamedRows.view(spark.createDataFrame(birds, columns));
        assertThatThrownBy(() -> run.step("evaluate", evaluation(unknown, output)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("have the label bird, which the model does not have: remove these rows");
        String none = NamedRows.view(spark.createDataFrame(List.<Row>of(), columns));
        assertThatThrownBy(() -> run.step("evaluate", evaluation(none, output)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("has no rows");
    }

    private static String evaluation(String input, String output) throws IOException {
        return JsonFiles.MAPPER.writeValueAsString(Map.of("input", input, "output", output));
    }

    private static void asAFunctionOfSql(SessionRun run, List<Row> predicted) throws IOException {
        run.step("register", Map.of("function", "pet"));
        Mails.rows(spark, 10).createOrReplaceTempView("mails_for_sql");

        Dataset<Row> kinds = spark.sql("SELECT label, pet(text) FROM mails_for_sql");

        assertThat(kinds.schema().apply(1).dataType()).isEqualTo(DataTypes.StringType);
        assertThat(kinds.collectAsList()).isEqualTo(predicted);
        assertThat(spark.sql("SELECT pet(NULL) IS NULL, pet('a cat and a cat'), pet(7) IS NULL")
                        .collectAsList())
                .containsExactly(RowFactory.create(true, "cat", false));
        assertThat(spark.sql("SELECT pet(text) AS kind, count(*) FROM mails_for_sql WHERE pet(text) = 'cat' GROUP BY 1")
                        .collectAsList())
                .hasSize(1);
    }

    /** Returns the text and the label of each document that speaks for two rows. */
    private List<Row> explained(SessionRun run) throws IOException {
        Path input = dir.resolve("to-explain");
        Path output = dir.resolve("reasons");
        Mails.rows(spark, 2).select("text", "label").write().parquet(input.toString());
        run.step(
                "explain",
                JsonFiles.MAPPER.writeValueAsString(
                        Map.of("input", input.toString(), "output", output.toString(), "documents", 1)));
        assertThat(run.shown()).contains("explained 2 row(s) by ");
        return spark.read()
                .parquet(output.toString())
                .selectExpr("supporting[0].text", "supporting[0].label")
                .collectAsList();
    }

    private static void erase(SessionRun run, String where, boolean plan) throws IOException {
        run.step("erase", JsonFiles.MAPPER.writeValueAsString(Map.of("where", where, "plan", plan)));
    }

    @Test
    void searchLeavesTheBestRunInTheFolder() throws IOException {
        SessionRun run = run(Mails.rows(spark, 60), "tuned", "data.eval_fraction=0.2", "training.max_steps=6");

        run.step("tune", "{\"tries\": [\"training.learning_rate=[1e-6,5e-3]\"], \"together\": 2}");

        JsonNode search = JsonFiles.MAPPER.readTree(run.file("tune.json"));
        assertThat(search.path("best").asText()).isEqualTo("002");
        SessionRun best = SessionRun.ofFolder(spark, dir.resolve("tuned").toString());
        assertThat(JsonFiles.MAPPER
                        .readTree(best.json())
                        .at("/training/learning_rate")
                        .asDouble())
                .isEqualTo(5e-3);
        assertThat(JsonFiles.MAPPER.readTree(best.file("metrics.json")).path("test"))
                .isNotEmpty();
    }

    @Test
    void groupsHaveRunsOfTheirOwn() throws IOException {
        Dataset<Row> rows = Mails.rows(spark, 80)
                .withColumn("office", functions.expr("if(text like '%5%', 'North/East', 'South')"));
        SessionRun run = run(rows, "groups", "training.max_steps=8", "cluster.ranks=1");
        assertThatThrownBy(run::groups).hasMessageContaining("groups.json does not exist: train the groups");

        run.step("run_per", "{\"column\": \"office\", \"together\": 2}");

        JsonNode folders = JsonFiles.MAPPER.readTree(run.groups());
        assertThat(folders).hasSize(2);
        SessionRun group = SessionRun.ofFolder(spark, folders.path("North/East").asText());
        assertThat(JsonFiles.MAPPER
                        .readTree(group.manifest())
                        .at("/splits/train/rows")
                        .asInt())
                .isPositive();
        Path output = dir.resolve("predicted");
        rows.createOrReplaceTempView("mails_of_offices");
        run.step(
                "predict_per",
                JsonFiles.MAPPER.writeValueAsString(Map.of(
                        "column",
                        "office",
                        "together",
                        1,
                        "input",
                        "table:mails_of_offices",
                        "output",
                        output.toString())));
        assertThat(spark.read()
                        .parquet(output.toString())
                        .groupBy("office")
                        .count()
                        .collectAsList())
                .extracting(row -> row.getLong(1))
                .allMatch(count -> count > 0)
                .hasSize(2);

        Dataset<Row> others = rows.union(rows.limit(2).withColumn("office", functions.lit("West")));
        List<Row> routed = run.predictPer(others, "office", "said")
                .select("text", "office", "said.prediction", "said.error")
                .collectAsList();
        assertThat(routed).extracting(row -> row.getString(0)).containsExactlyElementsOf(texts(others));
        assertThat(routed.subList(80, 82))
                .allMatch(row -> row.isNullAt(2) && row.getString(3).equals("there is no model for office West"));
        assertThat(routed.subList(0, 80))
                .filteredOn(row -> row.getString(1).equals("South"))
                .extracting(row -> row.getString(2))
                .isEqualTo(alone(folders.path("South").asText(), rows.where("office = 'South'")));
        assertThat(routed.subList(0, 80))
                .filteredOn(row -> row.getString(1).equals("North/East"))
                .extracting(row -> row.getString(2))
                .isEqualTo(alone(folders.path("North/East").asText(), rows.where("office = 'North/East'")));
        assertThatThrownBy(() -> run.predictPer(rows, "label", "said"))
                .hasMessageContaining("the models are per office");
        assertThatThrownBy(() -> run.predictPer(rows.drop("office"), "office", "said"))
                .hasMessageContaining("the DataFrame has no column office, it has");
    }

    private static List<String> texts(Dataset<Row> rows) {
        return rows.select("text").collectAsList().stream()
                .map(row -> row.getString(0))
                .toList();
    }

    /** Returns what the model of a group predicts alone. */
    private static List<String> alone(String folder, Dataset<Row> rows) throws IOException {
        return SessionRun.ofFolder(spark, folder)
                .predict(rows, "said")
                .select("said.prediction")
                .collectAsList()
                .stream()
                .map(row -> row.getString(0))
                .toList();
    }

    @Test
    void refusesAStepThatThereIsNot() {
        SessionRun run = run(Mails.rows(spark, 4), "unknown");
        assertThatThrownBy(() -> run.step("bake", "{}"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("there is no step bake", "of one version");
        assertThatThrownBy(() -> run.step("tune", "{}")).hasMessageContaining("--try is missing");
    }

    @Test
    void viewsOfEqualRowsHaveOneName() {
        Dataset<Row> rows = Mails.rows(spark, 20);
        assertThat(NamedRows.view(rows.orderBy(functions.desc("text")).repartition(3)))
                .isEqualTo(NamedRows.view(rows))
                .isNotEqualTo(NamedRows.view(Mails.rows(spark, 19)));
    }

    @Test
    void rejectsATableWithoutRows() throws IOException {
        SessionRun run = run(Mails.rows(spark, 0), "empty");
        assertThatThrownBy(() -> run.step("prepare", "{}"))
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining("has no rows");
        assertThat(Files.readString(dir.resolve("empty/status.json"))).contains("\"exit_code\": 3", "has no rows");
    }

    @Test
    void cancelledTrainingEnds() throws Exception {
        SessionRun run =
                run(Mails.rows(spark, 40), "cancelled", "training.num_train_epochs=100000", "training.logging_steps=1");
        run.step("prepare", "{}");
        CompletableFuture<Void> training = CompletableFuture.runAsync(() -> {
            try {
                run.step("train", "{}");
            } catch (IOException e) {
                throw new CompletionException(e);
            }
        });
        while (!training.isDone()
                && JsonFiles.MAPPER.readTree(run.shown()).path("line").asText().isEmpty()) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
        run.cancel();

        assertThatThrownBy(() -> training.get(60, TimeUnit.SECONDS))
                .hasCauseInstanceOf(RunException.class)
                .hasMessageContaining("interrupted");
        assertThat(Files.readString(dir.resolve("cancelled/status.json"))).contains("\"exit_code\": 4", "interrupted");
        // Spark notifies its listeners later.
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (activeJobs().length > 0 && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
        assertThat(activeJobs()).isEmpty();
    }

    private static int[] activeJobs() {
        return spark.sparkContext().statusTracker().getActiveJobIds();
    }

    @Test
    void verdictsOfACorpusMatchItsFilters() {
        Dataset<Row> rows = spark.createDataFrame(
                List.of(
                        RowFactory.create("The fox that was here has gone to the woods with a friend. ".repeat(12)
                                + "Write to fox@example.org."),
                        RowFactory.create("too short"),
                        RowFactory.create(" "),
                        RowFactory.create((Object) null)),
                new StructType().add("body", DataTypes.StringType));

        List<Row> verdicts = CorpusVerdicts.of(
                        rows, "body", List.of("data.corpus.filters=[gopher_quality]", "data.corpus.mask=[email]"))
                .collectAsList();

        assertThat(verdicts)
                .extracting(row -> row.getString(2))
                .containsExactly(null, "gopher_quality.min_doc_words", "empty_text", "no_text");
        assertThat(verdicts.get(0).getString(1)).endsWith("Write to <EMAIL>.");
        assertThat(verdicts.get(0).<String, Integer>getJavaMap(3)).containsExactly(Map.entry("email", 1));
        assertThat(verdicts.get(3).<String, Integer>getJavaMap(3)).isEmpty();
        assertThatThrownBy(() -> CorpusVerdicts.of(rows, "text", List.of("data.corpus.filters=[c4]")))
                .hasMessageContaining("no column text");
    }
}
