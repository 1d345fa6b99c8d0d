package io.github.sparkfinetune.extra.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(600)
class AuditJobTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int ROWS = 80;
    private static final int EVERY = 20;
    private static final String NEAR =
            "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen %d";

    @TempDir
    Path folder;

    @Test
    void ranksPlantedErrorsFirstAndReadsTheAnswers() throws Exception {
        RunConfig config = config();
        String output = folder.resolve("audit").toString();
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Audited audited = new AuditJob(spark, config, new AuditOptions(output, 2, 1), line -> {}).run();

            List<Row> rows = rows(spark, output);
            // The text of another row is an error, too.
            int planted = ROWS / EVERY + 1;
            assertThat(rows).hasSize(ROWS + 3);
            assertThat(audited.rows()).isEqualTo(ROWS + 3);
            assertThat(audited.labels()).containsExactly("sea", "sky");
            List<Row> errors = rows.subList(0, ROWS / 10).stream()
                    .filter(row -> !isNear(row) && !row.<String>getAs("label").equals(trueLabel(row.getAs("text"))))
                    .toList();
            assertThat(errors).hasSize(planted).allSatisfy(row -> {
                assertThat(row.<String>getAs("suggested")).isEqualTo(trueLabel(row.getAs("text")));
                assertThat(kinds(row)).contains(AuditJob.WRONG);
            });
            assertThat(rows.stream().filter(row -> row.<String>getAs("text").equals(text(1))))
                    .hasSize(2)
                    .allSatisfy(row -> assertThat(kinds(row)).contains(AuditJob.CONFLICTING));
            assertThat(audited.conflicting()).isEqualTo(2);
            assertThat(rows.stream().filter(AuditJobTest::isNear))
                    .hasSize(2)
                    .allSatisfy(row -> assertThat(kinds(row)).contains(AuditJob.NEAR_EQUAL));
            assertThat(audited.nearEqual()).isEqualTo(2);
            assertThat(rows).extracting(row -> row.<Integer>getAs("fold")).contains(0, 1);
            assertThat(folder.resolve("audit/work")).doesNotExist();
            assertThat(JSON.readTree(folder.resolve("audit/audit.json").toFile())
                            .get("near_equal")
                            .asLong())
                    .isEqualTo(audited.nearEqual());

            assertThatThrownBy(() -> new AuditJob(spark, config, new AuditOptions(output, 2, 1), line -> {}).run())
                    .hasMessage("--output: file:" + output + " exists: name a new folder");

            for (String tool : List.of("label-studio", "argilla")) {
                answered(spark, config, output, tool, planted + 1);
            }
        }
    }

    /** Writes questions, answers them with the true labels, and reads the answers. */
    private void answered(SparkSession spark, RunConfig config, String audit, String tool, int planted)
            throws IOException {
        Path tasks = folder.resolve(tool);
        AnnotateOptions options = new AnnotateOptions(audit, null, tasks.toString(), tool, 100);
        int questions = AnnotateJob.run(spark, config, options);
        assertThatThrownBy(() -> AnnotateJob.run(spark, config, options)).hasMessageContaining("exists: name a new");

        boolean studio = tool.equals("label-studio");
        ArrayNode export = (ArrayNode) JSON.readTree(
                tasks.resolve(studio ? "tasks.json" : "records.json").toFile());
        assertThat(export).hasSize(questions);
        for (JsonNode element : export) {
            ObjectNode task = (ObjectNode) element;
            String label =
                    trueLabel(task.at(studio ? "/data/text" : "/fields/text").asText());
            if (studio) {
                ObjectNode annotation = task.putArray("annotations").addObject().put("was_cancelled", false);
                annotation
                        .putArray("result")
                        .addObject()
                        .put("from_name", "label")
                        .putObject("value")
                        .putArray("choices")
                        .add(label);
            } else {
                task.put("status", "completed");
                task.putObject("responses").putArray("label").addObject().put("value", label);
            }
        }
        String answers = Files.write(tasks.resolve("export.json"), JSON.writeValueAsBytes(export))
                .toString();
        String copy = tasks.resolve("copy").toString();
        RelabelJob.Relabelled relabelled = RelabelJob.run(spark, config, new RelabelOptions(answers, null, copy));

        List<Row> rows = spark.read().parquet(copy).collectAsList();
        assertThat(relabelled).isEqualTo(new RelabelJob.Relabelled(questions, 0, 0, 0, ROWS + 3, planted));
        assertThat(rows).hasSize(ROWS + 3).allSatisfy(row -> {
            assertThat(row.schema().fieldNames()).containsExactlyInAnyOrder("text", "label", "site");
            assertThat(row.<String>getAs("label")).isEqualTo(trueLabel(row.getAs("text")));
        });
    }

    @Test
    void goesOnAfterAFoldFailed() throws Exception {
        RunConfig config = config("cluster.ranks=1", "training.max_steps=2");
        String output = folder.resolve("audit").toString();
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            assertThatThrownBy(() -> new AuditJob(spark, config, new AuditOptions(output, 2, 1), line -> {
                                if (line.contains("2 of 2")) {
                                    throw RunException.failed("lost", null);
                                }
                            })
                            .run())
                    .hasMessage("1 of 2 folds failed, the first one is fold 1: lost; start the same command again,"
                            + " finished folds stay");
            assertThatThrownBy(() -> new AuditJob(spark, config, new AuditOptions(output, 3, 1), line -> {}).run())
                    .hasMessageContaining("holds a part of an audit with other settings");
            assertThatThrownBy(() ->
                            AnnotateJob.run(spark, config, new AnnotateOptions(output, null, "none", "argilla", 1)))
                    .hasMessageContaining("has no audit.json: name the folder of a complete audit");
            List<String> lines = new ArrayList<>();
            new AuditJob(spark, config, new AuditOptions(output, 2, 1), lines::add).run();

            assertThat(lines).containsExactly("fold      2 of 2");
            assertThat(rows(spark, output)).hasSize(ROWS + 3);
        }
    }

    @Test
    void trainingsAtOnceJudgeAsOneAfterTheOther() throws Exception {
        RunConfig config = config("cluster.ranks=1", "training.max_steps=4", "data.split_by=site");
        String first = folder.resolve("first").toString();
        String second = folder.resolve("second").toString();
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            new AuditJob(spark, config, new AuditOptions(first, 3, 1), line -> {}).run();
            new AuditJob(spark, config, new AuditOptions(second, 3, 3), line -> {}).run();

            Map<String, Row> judged = byContent(rows(spark, first));
            assertThat(byContent(rows(spark, second))).hasSize(ROWS + 3).allSatisfy((content, row) -> {
                Row same = judged.get(content);
                assertThat(row.<Integer>getAs("fold")).isEqualTo(same.getAs("fold"));
                // Threads of a rank add in another order.
                assertThat(row.<Double>getAs("probability")).isCloseTo(same.<Double>getAs("probability"), within(1e-5));
            });
            Map<String, Set<Integer>> folds = rows(spark, first).stream()
                    .collect(Collectors.groupingBy(
                            row -> site(row.getAs("text")),
                            Collectors.mapping(row -> row.<Integer>getAs("fold"), Collectors.toSet())));
            assertThat(folds.values())
                    .hasSizeGreaterThan(3)
                    .allSatisfy(fold -> assertThat(fold).hasSize(1));
        }
    }

    @Test
    void relabelsFoldersOfTextsAndRowsWithoutLabels() throws Exception {
        RunConfig config = config();
        Path texts = Files.createDirectories(folder.resolve("texts"));
        Files.writeString(Files.createDirectories(texts.resolve("sky")).resolve("1.txt"), "My sky.");
        Files.writeString(Files.createDirectories(texts.resolve("sea")).resolve("2.txt"), "A sky!\u0007");
        Path lines = Files.writeString(folder.resolve("new.jsonl"), """
                {"text": "A \\u0007sky!", "site": "s"}
                {"text": "Nobody was asked.", "site": "t"}
                """);
        RunConfig folders = config("data.train=" + texts, "data.format=text_folders");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            Dataset<Row> hashed =
                    Hashes.with(spark.sql("SELECT 'A sky!' AS text"), config, functions.col("text"), null, "hash");
            String hash = hashed.first().getAs("hash");
            String answers = Files.writeString(
                            folder.resolve("answers.json"),
                            "[{\"hash\": \"%s\", \"label\": \"sky\"}, {\"hash\": \"none\", \"label\": \"sea\"}]"
                                    .formatted(hash))
                    .toString();
            String copy = folder.resolve("copy").toString();
            RelabelJob.Relabelled relabelled = RelabelJob.run(spark, folders, new RelabelOptions(answers, null, copy));
            assertThat(relabelled).isEqualTo(new RelabelJob.Relabelled(2, 0, 0, 1, 2, 1));
            assertThat(spark.read().parquet(copy).select("label").collectAsList())
                    .containsOnly(RowFactory.create("sky"));

            String labelled = folder.resolve("labelled").toString();
            RelabelJob.run(spark, config, new RelabelOptions(answers, lines.toString(), labelled));
            assertThat(spark.read()
                            .parquet(labelled)
                            .select("text", "site", "label")
                            .collectAsList())
                    .containsExactly(RowFactory.create("A \u0007sky!", "s", "sky"));

            String bad = Files.writeString(folder.resolve("bad.json"), "[{\"text\": \"A sky!\"}]")
                    .toString();
            assertThatThrownBy(() -> RelabelJob.run(spark, config, new RelabelOptions(bad, null, "none")))
                    .hasMessageStartingWith("--answers: element 1 of file:" + bad + " is no answer to a question");
            String open = Files.writeString(folder.resolve("open.json"), "[{\"hash\": \"%s\"}]".formatted(hash))
                    .toString();
            assertThatThrownBy(() -> RelabelJob.run(spark, config, new RelabelOptions(open, null, "none")))
                    .hasMessage("--answers: " + open + " has no label that a person chose");
            RunConfig numbered = config("data.label=number");
            String numbers = Files.writeString(folder.resolve("numbers.jsonl"), "{\"text\": \"A sky!\", \"number\": 1}")
                    .toString();
            assertThatThrownBy(() -> RelabelJob.run(spark, numbered, new RelabelOptions(answers, numbers, "none")))
                    .hasMessageStartingWith("--answers: the label s")
                    .hasMessageEndingWith("is no bigint, as the column number has");
        }
    }

    private static List<Row> rows(SparkSession spark, String output) {
        return spark.read()
                .parquet(output + "/" + AuditFolder.ROWS)
                .sort("rank")
                .collectAsList();
    }

    private static Map<String, Row> byContent(List<Row> rows) {
        return rows.stream()
                .collect(Collectors.toMap(row -> row.getAs("hash") + row.<String>getAs("label"), row -> row));
    }

    private static boolean isNear(Row row) {
        return row.<String>getAs("text").startsWith("one two");
    }

    private static List<String> kinds(Row row) {
        return row.getList(row.fieldIndex("kinds"));
    }

    @Test
    void refusesRowsWithoutOneLabelEach() throws Exception {
        RunConfig config = config("task=masked-lm");
        try (SparkSession spark = SparkSessions.open(config, "test", "local[2]", Map.of())) {
            assertThatThrownBy(() -> new AuditJob(spark, config, new AuditOptions("none", 2, 1), line -> {}).run())
                    .hasMessageStartingWith("task: audit needs rows with one label each");
        }
    }

    private static String text(int i) {
        return (i % 2 == 0 ? "The sea. " : "My sky! ").repeat(4) + i;
    }

    private static String trueLabel(String text) {
        return text.contains("sea") ? "sea" : "sky";
    }

    private static String site(String text) {
        String number = text.substring(text.lastIndexOf(' ') + 1);
        return "site " + Integer.parseInt(number) / 8;
    }

    private static String line(String text, String label) throws IOException {
        return JSON.writeValueAsString(Map.of("text", text, "label", label, "site", site(text)));
    }

    private RunConfig config(String... settings) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            boolean isSea = (i % 2 == 0) != (i % EVERY == 0);
            lines.add(line(text(i), isSea ? "sea" : "sky"));
        }
        lines.add(line(NEAR.formatted(0), "sea"));
        lines.add(line(text(1), "sea"));
        lines.add(line(NEAR.formatted(1), "sky"));
        Path file = Files.write(folder.resolve("rows.jsonl"), lines);
        List<String> all = new ArrayList<>(List.of(
                "model=" + MODEL.toAbsolutePath().normalize(),
                "data.train=" + file,
                "data.max_length=32",
                "training.learning_rate=3.0e-3",
                "training.num_train_epochs=12",
                "training.per_device_train_batch_size=4",
                "cluster.ranks=2"));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }
}
