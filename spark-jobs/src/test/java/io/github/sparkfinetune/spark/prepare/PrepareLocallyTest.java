package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.local.LocalRun;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A dataset from rows in memory equals the dataset that Spark prepares from a file of the same rows. */
class PrepareLocallyTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    private final SparkSession spark = PrepareFixture.spark(2);

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void classifies(boolean deduplicate) throws IOException {
        List<String> train = new ArrayList<>(PrepareFixture.mails(203));
        train.addAll(PrepareFixture.mails(20));
        train.add(PrepareFixture.json(3, "spam"));

        Manifest manifest =
                compare(Runs.CLASSIFIER, train, PrepareFixture.mails(30).subList(1, 30), "deduplicate: " + deduplicate);

        assertThat(manifest.duplicates()).isEqualTo(deduplicate ? 21 : 0);
        assertThat(manifest.warnings()).isNotEmpty();
    }

    @Test
    void packsConversations() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            rows.add(JSON.writeValueAsString(Map.of(
                    "messages",
                    List.of(
                            Map.of("role", "user", "content", "Question " + PrepareFixture.text(i)),
                            Map.of("role", "assistant", "content", "Answer " + i)))));
        }

        compare(Runs.CHAT, rows.subList(0, 50), rows.subList(50, 60), "packing: bfd", "max_length: 256");
    }

    @Test
    void cutsQuestionsIntoWindows() throws IOException {
        List<String> rows = new ArrayList<>();
        for (Map<String, Object> row : Questions.rows(40, 4)) {
            rows.add(JSON.writeValueAsString(row));
        }

        compare(Runs.QUESTIONS, rows.subList(0, 30), rows.subList(30, 40));
    }

    @Test
    void refusesAsManyUnusableRows() throws IOException {
        List<String> rows = new ArrayList<>();
        for (Map<String, Object> row : Questions.rows(40, 4)) {
            Map<String, Object> overlong = new HashMap<>(row);
            overlong.computeIfPresent("question", (key, question) -> rows.size() < 10 ? "why ".repeat(500) : question);
            rows.add(JSON.writeValueAsString(overlong));
        }
        Path file = Files.write(folder.resolve("train.jsonl"), rows);
        List<String> data = List.of("train: " + file, "eval_fraction: 0", "test_fraction: 0", "max_bad_fraction: 0.2");
        RunConfig onSpark = oneShard(Runs.QUESTIONS, folder.resolve("spark"), data);
        LocalRun local =
                new LocalRun(oneShard(Runs.QUESTIONS, folder.resolve("local"), data), new Configuration(), -1, 1);

        String refused = "data.train: 10 of 40 rows cannot be used (overlong_question: 10), more than"
                + " data.max_bad_fraction: 0.2 allows";
        assertThatThrownBy(() -> PrepareJob.run(spark, onSpark)).hasMessageContaining(refused);
        assertThatThrownBy(() -> local.prepare(Map.of("train", rows(rows)))).hasMessageContaining(refused);
    }

    private enum Runs {
        CLASSIFIER,
        CHAT,
        QUESTIONS;

        RunConfig config(Path dataset, String... data) {
            return switch (this) {
                case CLASSIFIER -> PrepareFixture.config(dataset, data);
                case CHAT -> PrepareFixture.languageModel("sft", dataset, data);
                case QUESTIONS -> PrepareFixture.questions(dataset, data);
            };
        }
    }

    private Manifest compare(Runs runs, List<String> train, List<String> eval, String... options) throws IOException {
        Path trainFile = Files.write(folder.resolve("train.jsonl"), train);
        Path evalFile = Files.write(folder.resolve("eval.jsonl"), eval);
        List<String> data = new ArrayList<>(List.of("train: " + trainFile, "eval: " + evalFile, "test_fraction: 0"));
        data.addAll(List.of(options));
        Path onSpark = folder.resolve("spark");
        Path local = folder.resolve("local");

        Manifest expected = PrepareJob.run(spark, oneShard(runs, onSpark, data));
        Manifest manifest = new LocalRun(oneShard(runs, local, data), new Configuration(), -1, 1)
                .prepare(Map.of("train", rows(train), "eval", rows(eval)));

        assertThat(manifest.labels()).isEqualTo(expected.labels());
        assertThat(manifest.badRows()).isEqualTo(expected.badRows());
        assertThat(manifest.cutTexts()).isEqualTo(expected.cutTexts());
        assertThat(manifest.repairedTexts()).isEqualTo(expected.repairedTexts());
        assertThat(manifest.duplicates()).isEqualTo(expected.duplicates());
        assertThat(manifest.redacted()).isEqualTo(expected.redacted());
        assertThat(manifest.warnings())
                .extracting(warning -> warning.code())
                .isEqualTo(expected.warnings().stream()
                        .map(warning -> warning.code())
                        .toList());
        for (String split : List.of("train", "eval")) {
            assertThat(PrepareFixture.samples(local, manifest, split))
                    .isEqualTo(PrepareFixture.samples(onSpark, expected, split))
                    .isNotEmpty();
            assertThat(manifest.split(split).documents())
                    .isEqualTo(expected.split(split).documents());
            assertThat(manifest.split(split).rowsPerLabel())
                    .isEqualTo(expected.split(split).rowsPerLabel());
        }
        return manifest;
    }

    private static RunConfig oneShard(Runs runs, Path dataset, List<String> data) {
        RunConfig config = runs.config(dataset, data.toArray(String[]::new));
        String yaml = RunConfigLoader.toYaml(config);
        return RunConfigLoader.parse(yaml, "test.yaml", List.of("data.shards=1"));
    }

    private static List<JsonNode> rows(List<String> lines) throws IOException {
        List<JsonNode> rows = new ArrayList<>();
        for (String line : lines) {
            rows.add(JSON.readTree(line));
        }
        return rows;
    }
}
