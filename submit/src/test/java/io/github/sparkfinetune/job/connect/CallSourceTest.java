package io.github.sparkfinetune.job.connect;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.job.Mails;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls as clients of Spark Connect make them: each reads the data source in a session. */
@Timeout(600)
class CallSourceTest {
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

    /** Returns the rows of a call's source; nothing is computed yet. */
    private static Dataset<Row> source(SparkSession session, String call, Map<String, Object> arguments) {
        return session.read()
                .format(CallSource.class.getName())
                .option("call", call)
                .option("arguments", JsonFiles.MAPPER.valueToTree(arguments).toString())
                .load();
    }

    private static JsonNode answer(SparkSession session, String call, Map<String, Object> arguments) {
        List<Row> rows = source(session, call, arguments).collectAsList();
        assertThat(rows).hasSize(1);
        try {
            return JsonFiles.MAPPER.readTree(rows.get(0).getString(0));
        } catch (JsonProcessingException e) {
            throw new CompletionException(e);
        }
    }

    private static JsonNode value(SparkSession session, String call, Map<String, Object> arguments) {
        JsonNode answer = answer(session, call, arguments);
        assertThat(answer.path("error").isNull()).as(answer.toString()).isTrue();
        return answer.path("value");
    }

    private static JsonNode error(String call, Map<String, Object> arguments) {
        return answer(spark, call, arguments).path("error");
    }

    private static String run(SparkSession session, String source, String name, String... settings) {
        List<String> all = Mails.settings(source, dir.resolve(name), settings);
        all.add("training.logging_steps=1");
        return value(session, "ofText", Map.of("text", "{}", "name", "config", "settings", all))
                .asText();
    }

    @Test
    void clientsNameOnlyFoldersThatTheServerAllows() throws Exception {
        Path secret = Files.writeString(dir.resolve("secret.yaml"), "{model: m, password: 1234}");
        Mails.rows(spark, 10).write().json(dir.resolve("others").toString());
        spark.sparkContext()
                .hadoopConfiguration()
                .set(
                        "finetune.allowed.roots",
                        dir.resolve("own") + ","
                                + Path.of("../finetune-core").toAbsolutePath().normalize());
        try {
            String own = run(spark, "table:mails", "own/run");
            String outside = " is outside of the folders that this server allows ";
            assertThat(error("ofFile", Map.of("path", secret.toString()))
                            .path("message")
                            .asText())
                    .contains(outside)
                    .doesNotContain("1234");
            assertThat(error("ofFolder", Map.of("folder", dir.toString()))
                            .path("message")
                            .asText())
                    .contains(outside);
            assertThat(error("file", Map.of("run", own, "name", secret.toString()))
                            .path("message")
                            .asText())
                    .contains(outside);
            assertThat(error("file", Map.of("run", own, "name", "../../secret.yaml"))
                            .path("message")
                            .asText())
                    .contains(outside);
            for (String setting :
                    List.of("data.train=" + dir.resolve("others"), "output.dir=" + dir.resolve("others"))) {
                String run = run(spark, "table:mails", "own/run", setting);
                assertThat(error("prepare", Map.of("run", run, "step", "prepare"))
                                .path("message")
                                .asText())
                        .startsWith(setting.substring(0, setting.indexOf('=')))
                        .contains(outside);
            }
            assertThat(dir.resolve("others/status.json")).doesNotExist();
            assertThat(file(spark, own, "metrics.json").isNull()).isTrue();
        } finally {
            spark.sparkContext().hadoopConfiguration().unset("finetune.allowed.roots");
        }
    }

    /** The session of a client is not the server's first one; its views are its own. */
    @Test
    void runOfAnotherSessionWritesAndReportsTheSameAsTheCommands() throws Exception {
        SparkSession client = spark.newSession();
        Mails.rows(client, 40).createOrReplaceTempView("mails");
        String rows = value(client, "rows", Map.of("view", "mails")).asText();
        assertThat(rows).startsWith("table:rows_40_");
        String run = run(client, rows, "run", "training.num_train_epochs=4");

        JsonNode plan = value(client, "plan", Map.of("run", run));
        assertThat(plan.path("text").asText()).contains("memory of a rank", "local[2] has room for 2");
        assertThat(plan.path("refusal").isNull()).isTrue();
        assertThat(lines(value(client, "prepare", Map.of("run", run, "step", "1"))))
                .anyMatch(line -> line.startsWith("prepare   32 train rows"));
        assertThat(lines(value(client, "train", Map.of("run", run, "step", "2"))))
                .anyMatch(line -> line.matches("train     \\[#{20}] 16/16 .*done"));
        assertThat(lines(value(client, "evaluate", Map.of("run", run, "step", "3"))))
                .anyMatch(line -> line.startsWith("test      loss"));

        String metrics = file(client, run, "metrics.json").asText();
        assertThat(metrics).isEqualTo(Files.readString(dir.resolve("run/metrics.json")));
        assertThat(JsonFiles.MAPPER
                        .readTree(metrics)
                        .path("test")
                        .path("accuracy")
                        .asDouble())
                .isGreaterThan(0.9);
        assertThat(file(client, run, "nothing.json").isNull()).isTrue();
        assertThat(JsonFiles.MAPPER
                        .readTree(value(client, "manifest", Map.of("run", run)).asText())
                        .path("labels"))
                .hasSize(2);
        assertThat(JsonFiles.MAPPER
                        .readTree(value(client, "funnel", Map.of("run", run)).asText())
                        .get(0)
                        .path("count")
                        .asInt())
                .isEqualTo(40);

        String samples =
                value(client, "samples", Map.of("run", run, "split", "train")).asText();
        assertThat(client.table(samples).count()).isEqualTo(32);
        String predicted = value(client, "predictions", Map.of("run", run, "view", "mails", "column", "said"))
                .asText();
        assertThat(client.table(predicted).select("label", "said.prediction").collectAsList())
                .hasSize(40)
                .filteredOn(row -> row.get(0).equals(row.get(1)))
                .hasSizeGreaterThan(36);
        Path output = dir.resolve("predicted");
        value(client, "predict", Map.of("run", run, "step", "4", "input", "table:mails", "output", output.toString()));
        assertThat(client.read().parquet(output.toString()).count()).isEqualTo(40);

        String again = value(
                        client, "ofFolder", Map.of("folder", dir.resolve("run").toString()))
                .asText();
        assertThat(file(client, again, "metrics.json").asText()).isEqualTo(metrics);
        assertThat(spark.catalog().tableExists("mails")).isFalse();
    }

    private static JsonNode file(SparkSession session, String run, String name) {
        return value(session, "file", Map.of("run", run, "name", name));
    }

    private static List<String> lines(JsonNode shown) {
        List<String> lines = new ArrayList<>();
        shown.path("lines").forEach(line -> lines.add(line.asText()));
        if (!shown.path("line").asText().isEmpty()) {
            lines.add(shown.path("line").asText());
        }
        return lines;
    }

    @Test
    void resolvingTheSchemaMakesNoCallAndEachQueryOne() {
        Mails.rows(spark, 4).createOrReplaceTempView("few");
        List<String> settings = List.of("data.corpus.filters=[c4]");
        Dataset<Row> call = source(spark, "verdicts", Map.of("view", "few", "column", "text", "settings", settings));
        long before = spark.catalog().listTables().count();
        assertThat(call.schema().fieldNames()).containsExactly("answer");
        assertThat(spark.catalog().listTables().count()).isEqualTo(before);
        assertThat(call.collectAsList()).hasSize(1);
        assertThat(spark.catalog().listTables().count()).isEqualTo(before + 1);
    }

    @Test
    void errorsHaveTheExitCodeOfTheCommand() {
        JsonNode key = error(
                "ofText",
                Map.of("text", "{taks: sft}", "name", "config", "settings", List.of("data.train=table:none")));
        assertThat(key.path("exit_code").asInt()).isEqualTo(2);
        assertThat(key.path("message").asText()).startsWith("config:1: ").contains("unknown key taks");
        JsonNode folder = error("ofFolder", Map.of("folder", dir.resolve("none").toString()));
        assertThat(folder.path("exit_code").asInt()).isEqualTo(3);
        assertThat(folder.path("message").asText()).contains("has no run.yaml");
        JsonNode unknown = error("dance", Map.of("run", run(spark, "table:none", "dance")));
        assertThat(unknown.path("exit_code").asInt()).isEqualTo(2);
        assertThat(unknown.path("message").asText()).contains("there is no step dance");
        String ungrouped = run(spark, "table:none", "ungrouped");
        assertThat(error("groups", Map.of("run", ungrouped)).path("message").asText())
                .contains("groups.json does not exist");
        spark.range(1).createOrReplaceTempView("ids");
        Map<String, Object> routed = Map.of("run", ungrouped, "view", "ids", "group", "id", "column", "said");
        assertThat(error("predictions_per", routed).path("message").asText()).contains("groups.json does not exist");
        JsonNode view = error("rows", Map.of("view", "no_such_view"));
        assertThat(view.path("exit_code").asInt()).isEqualTo(4);
        assertThat(view.path("message").asText()).contains("no_such_view").doesNotContain("\n");

        Mails.rows(spark, 0).createOrReplaceTempView("nothing");
        String rows = value(spark, "rows", Map.of("view", "nothing")).asText();
        JsonNode answer = answer(spark, "prepare", Map.of("run", run(spark, rows, "empty"), "step", "empty"));
        assertThat(answer.path("error").path("exit_code").asInt()).isEqualTo(3);
        assertThat(answer.path("error").path("message").asText()).contains("has no rows");
        assertThat(answer.path("value").path("lines").isArray()).isTrue();
    }

    /** Prepares a run whose training has no end by itself. */
    private static String endless(String name) {
        Mails.rows(spark, 40).createOrReplaceTempView("many");
        String rows = value(spark, "rows", Map.of("view", "many")).asText();
        String run = run(spark, rows, name, "training.num_train_epochs=100000");
        value(spark, "prepare", Map.of("run", run, "step", "prepared"));
        return run;
    }

    /** Returns the answer of a training that has shown its progress to a client. */
    private static CompletableFuture<JsonNode> training(String run, String step) throws Exception {
        CompletableFuture<JsonNode> training = CompletableFuture.supplyAsync(() -> {
            SparkSession.setActiveSession(spark);
            return answer(spark, "train", Map.of("run", run, "step", step));
        });
        while (!training.isDone()
                && value(spark, "shown", Map.of("step", step, "from", 0))
                        .path("line")
                        .asText()
                        .isEmpty()) {
            TimeUnit.MILLISECONDS.sleep(50);
        }
        return training;
    }

    private static void assertInterrupted(CompletableFuture<JsonNode> training, String name) throws Exception {
        JsonNode end = training.get(60, TimeUnit.SECONDS).path("error");
        assertThat(end.path("exit_code").asInt()).isEqualTo(4);
        assertThat(end.path("message").asText()).contains("interrupted");
        assertThat(Files.readString(dir.resolve(name).resolve("status.json")))
                .contains("\"train\"", "\"exit_code\": 4", "interrupted");
    }

    @Test
    void clientThatStopsAskingLosesItsStep() throws Exception {
        String run = endless("lost");
        String setting = "spark.connect.execute.manager.detachedTimeout";
        spark.conf().set(setting, "2s");
        CompletableFuture<JsonNode> training;
        try {
            training = training(run, "silent");
        } finally {
            spark.conf().unset(setting);
        }
        assertThat(training).isNotDone();

        assertInterrupted(training, "lost");
    }

    @Test
    void anotherThreadSeesTheProgressAndCancels() throws Exception {
        String run = endless("cancelled");
        assertThat(value(spark, "cancel", Map.of("step", "long")).asBoolean()).isFalse();

        CompletableFuture<JsonNode> training = training(run, "long");
        Map<String, Object> all = Map.of("step", "long", "from", 0);
        ObjectNode shown = (ObjectNode) value(spark, "shown", all);
        assertThat(shown.path("line").asText()).startsWith("train     [");
        assertThat(shown.path("share").asDouble()).isBetween(0.0, 0.5);
        assertThat(shown.path("lines")).isNotEmpty();
        // A client that lost an answer asks for the same lines again.
        assertThat(value(spark, "shown", all).path("lines").get(0))
                .isEqualTo(shown.path("lines").get(0));
        int count = shown.path("lines").size();
        assertThat(value(spark, "shown", Map.of("step", "long", "from", count)).path("lines"))
                .isEmpty();
        JsonNode second = error("train", Map.of("run", run, "step", "long"));
        assertThat(second.path("message").asText()).contains("step long is in progress already");

        assertThat(value(spark, "cancel", Map.of("step", "long")).asBoolean()).isTrue();
        assertInterrupted(training, "cancelled");
        assertThat(value(spark, "shown", all).path("line").asText()).isEmpty();
    }
}
