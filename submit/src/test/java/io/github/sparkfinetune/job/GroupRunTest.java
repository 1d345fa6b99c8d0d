package io.github.sparkfinetune.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.data.files.JsonFiles;
import io.github.sparkfinetune.job.group.GroupRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each value of a column has a run of its own, which equals a run on the value's rows alone. */
@Timeout(600)
class GroupRunTest {
    private static final Path MODEL = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls");
    /** Values with characters that paths and numbers treat in their own way. */
    private static final List<String> HOSPITALS = List.of("North/East", "007");

    private static SparkSession spark;

    @TempDir
    Path dir;

    private final RecordedConsole console = new RecordedConsole();

    @BeforeAll
    static void start() {
        spark = Mails.session();
    }

    @AfterAll
    static void stop() {
        spark.stop();
    }

    private static Map<String, Object> mail(int i, Object hospital) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("text", (i % 2 == 0 ? "a cat and a cat " : "the dog of a dog ") + i + " at " + hospital);
        row.put("label", i % 2 == 0 ? "cat" : "dog");
        row.put("hospital", hospital);
        return row;
    }

    private void write(String file, List<Map<String, Object>> rows) throws IOException {
        List<String> json = new ArrayList<>();
        for (Map<String, Object> row : rows) {
            json.add(JsonFiles.MAPPER.writeValueAsString(row));
        }
        Files.write(dir.resolve(file), json);
    }

    private RunConfig run(String train, String output, String... more) {
        return RunConfigLoader.parse(
                """
                model: %s
                task: classification
                precision: fp32
                data: {train: %s, format: jsonl, eval_fraction: 0.0, test_fraction: 0.2, max_length: 16, shards: 2}
                method: {type: lora}
                training: {num_train_epochs: 2, per_device_train_batch_size: 4, learning_rate: 5.0e-3}
                cluster: {ranks: 1}
                output: {dir: %s}
                """.formatted(MODEL.toAbsolutePath().normalize(), dir.resolve(train), dir.resolve(output)),
                "run.yaml",
                List.of(more));
    }

    private GroupRun groups(RunConfig run, String column) throws IOException {
        return new GroupRun(run, column, 2, SparkJobs.in(spark, run), console);
    }

    private byte[] model(String folder) throws IOException {
        return Files.readAllBytes(dir.resolve(folder).resolve("model/adapter_model.safetensors"));
    }

    @Test
    void trainsAndPredictsByGroup() throws Exception {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            all.add(mail(i, HOSPITALS.get(i / 2 % 2)));
        }
        write("mails.jsonl", all);
        RunConfig run = run("mails.jsonl", "groups");
        groups(run, "hospital").run();

        write(
                "alone.jsonl",
                all.stream().filter(row -> row.get("hospital").equals("007")).toList());
        RunConfig alone = run("alone.jsonl", "alone");
        new Pipeline(alone, SparkJobs.in(spark, alone), console).all(console.progress());
        assertThat(model("groups/groups/007")).isEqualTo(model("alone"));
        assertThat(model("groups/groups/North%2FEast")).isNotEqualTo(model("alone"));
        JsonNode metrics =
                JsonFiles.readObject(dir.resolve("groups/metrics.json")).get("groups");
        assertThat(metrics.get("007").get("test"))
                .isEqualTo(
                        JsonFiles.readObject(dir.resolve("alone/metrics.json")).get("test"));
        assertThat(Files.readString(dir.resolve("groups/report.html"))).contains("groups/North%2FEast/report.html");
        assertThat(console.text()).contains("groups    2 by hospital", "group     007  ");

        byte[] before = model("groups/groups/007");
        groups(run, "hospital").run();
        assertThat(model("groups/groups/007")).isEqualTo(before);
        assertThatThrownBy(() -> groups(run, "label").run()).hasMessageContaining("--per was hospital");

        String input = dir.resolve("mails.jsonl").toString();
        String output = dir.resolve("predicted").toString();
        groups(run, "hospital").predict(input, output);
        Path own = dir.resolve("predicted-alone");
        new Pipeline(alone, SparkJobs.in(spark, alone), console)
                .predict(dir.resolve("alone.jsonl").toString(), own.toString());
        assertThat(rows(output + "/hospital=007")).containsExactlyInAnyOrderElementsOf(rows(own.toString()));
        assertThat(rows(output + "/hospital=North%2FEast")).hasSize(20);
        assertThat(spark.read().parquet(output).count()).isEqualTo(40);

        Set<String> files = files(Path.of(output));
        groups(run, "hospital").predict(input, output);
        assertThat(files(Path.of(output))).as("the same command after its end").isEqualTo(files);
        RunConfig other = RunConfigLoader.with(run, "test", List.of("predict.precision=int8"));
        assertThatThrownBy(() -> groups(other, "hospital").predict(input, output))
                .hasMessageContaining("exists already: ");

        write("new.jsonl", List.of(mail(1, "West")));
        assertThatThrownBy(() ->
                        groups(run, "hospital").predict(dir.resolve("new.jsonl").toString(), output + "-new"))
                .hasMessageContaining("there is no model for hospital West: ");
    }

    /** Returns the files of a folder with their times. */
    private static Set<String> files(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            Set<String> files = new TreeSet<>();
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                files.add(file + " " + Files.getLastModifiedTime(file));
            }
            return files;
        }
    }

    private static List<String> rows(String folder) {
        return spark.read().parquet(folder).select("text", "prediction").collectAsList().stream()
                .map(Row::toString)
                .toList();
    }

    @Test
    void aGroupThatFailsIsRunAgainAlone() throws Exception {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(mail(i, "North"));
        }
        all.add(mail(0, "South"));
        write("few.jsonl", all);
        RunConfig run = run("few.jsonl", "few");

        assertThatThrownBy(() -> groups(run, "hospital").run())
                .hasMessageContaining("1 of 2 groups failed, the first one is South");
        byte[] north = model("few/groups/North");
        for (int i = 1; i < 20; i++) {
            all.add(mail(i, "South"));
        }
        write("few.jsonl", all);
        groups(run, "hospital").run();
        assertThat(model("few/groups/North")).isEqualTo(north);
        assertThat(model("few/groups/South")).isNotEmpty();
    }

    @Test
    void refusesAColumnThatMakesNoGroups() throws Exception {
        List<Map<String, Object>> all = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            all.add(mail(i, i == 3 ? null : "North"));
        }
        write("null.jsonl", all);
        RunConfig run = run("null.jsonl", "null");

        assertThatThrownBy(() -> groups(run, "ward").run()).hasMessageContaining("data.train has no such column");
        assertThatThrownBy(() -> groups(run, "hospital").run())
                .hasMessageContaining("1 rows of")
                .hasMessageContaining("have no value");
    }
}
