package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Prompts;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Warning;
import io.github.sparkfinetune.data.task.question.QuestionRow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.IntFunction;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows that share a prompt or a context stay on one side of the split by default. */
class PrepareGroupsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Number of rows of a prompt. */
    private static final int ROWS_PER_PROMPT = 4;

    @TempDir
    private Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    private Path write(String name, int rows, IntFunction<Map<String, ?>> row) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            lines.add(JSON.writeValueAsString(row.apply(i)));
        }
        return PrepareFixture.write(folder.resolve(name), lines);
    }

    private static Map<String, Object> message(String role, String content) {
        return Map.of("role", role, "content", content);
    }

    private static String prompt(int row) {
        return "Question " + row / ROWS_PER_PROMPT + ": ";
    }

    /** Returns a row of a task with a kind of columns. */
    private static Map<String, ?> row(String kind, int row) {
        List<Map<String, Object>> messagesOfPrompt =
                List.of(message("system", "Be brief."), message("user", prompt(row)));
        Map<String, Object> answer = message("assistant", "Answer " + row);
        return switch (kind) {
            case "sft messages" -> {
                List<Map<String, Object>> messages = new ArrayList<>(messagesOfPrompt);
                messages.add(answer);
                // Some conversations continue after the answer; they have the same prompt.
                if (row % 2 == 0) {
                    messages.add(message("user", "And then, " + row + "?"));
                    messages.add(message("assistant", "Nothing " + row));
                }
                yield Map.of("messages", messages);
            }
            case "sft instruction" -> Map.of("instruction", prompt(row), "input", "", "output", "Answer " + row);
            case "sft prompt" -> Map.of("prompt", prompt(row), "completion", "Answer " + row);
            case "preference" ->
                Map.of(
                        "prompt", messagesOfPrompt,
                        "chosen", List.of(answer),
                        "rejected", List.of(message("assistant", "No answer " + row)));
            case "unpaired-preference" ->
                Map.of("prompt", prompt(row), "completion", "Answer " + row, "label", row % 3 == 0);
            default -> throw new IllegalArgumentException(kind);
        };
    }

    /** Returns the groups of each split's samples. */
    private <T> Map<String, Set<T>> bySplit(String name, Manifest manifest, Function<Sample, List<T>> groups)
            throws IOException {
        Map<String, Set<T>> found = new LinkedHashMap<>();
        for (String split : manifest.splits().keySet()) {
            Set<T> ofSplit = new HashSet<>();
            PrepareFixture.samples(folder.resolve(name), manifest, split)
                    .forEach(sample -> ofSplit.addAll(groups.apply(sample)));
            found.put(split, ofSplit);
        }
        return found;
    }

    private static <T> void assertApart(Map<String, Set<T>> groups, int count) {
        assertThat(groups).containsOnlyKeys("train", "eval", "test");
        List<T> all = new ArrayList<>();
        groups.values().forEach(all::addAll);
        assertThat(all).doesNotHaveDuplicates().hasSize(count);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sft messages", "sft instruction", "sft prompt", "preference", "unpaired-preference"})
    void keepsAnswersToOnePromptOnOneSide(String kind) throws IOException {
        Path train = write("train.jsonl", 120, i -> row(kind, i));
        Manifest manifest = PrepareJob.run(
                spark,
                PrepareFixture.languageModel(
                        kind.replaceFirst(" .*", ""),
                        folder.resolve("dataset"),
                        "train: " + train,
                        "eval_fraction: 0.2",
                        "test_fraction: 0.1",
                        "max_length: 256"));
        Map<String, Set<List<Integer>>> prompts = bySplit(
                "dataset",
                manifest,
                sample -> Prompts.of(sample).stream()
                        .map(prompt -> Arrays.stream(prompt.inputIds()).boxed().toList())
                        .toList());

        assertApart(prompts, 120 / ROWS_PER_PROMPT);
        // 24 and 12 rows are held out, and each prompt has 4 rows.
        assertThat(manifest.split("eval").documents().count()).isEqualTo(24);
        assertThat(manifest.split("test").documents().count()).isEqualTo(12);
        assertThat(manifest.warnings()).extracting(Warning::code).doesNotContain("uneven_split");
    }

    @Test
    void keepsQuestionsAboutOneTextOnOneSide() throws IOException {
        Path train = Questions.lines(folder.resolve("train.jsonl"), Questions.rows(120, 4));
        Manifest manifest = PrepareJob.run(
                spark,
                PrepareFixture.questions(
                        folder.resolve("dataset"), "train: " + train, "eval_fraction: 0.2", "test_fraction: 0.1"));
        Map<String, Set<String>> contexts = bySplit(
                "dataset",
                manifest,
                sample -> sample.continuesRow()
                        ? List.of()
                        : List.of(QuestionRow.of(sample.window().row()).context()));

        assertApart(contexts, 40);
        assertThat(contexts.get("eval")).hasSize(8);
        assertThat(contexts.get("test")).hasSize(4);
        assertThat(manifest.split("eval").side()).isEqualTo(new DatasetSplit.Side(24, "context", 8, 0, null, null));

        // The column is also found by name in a file whose rows are not lines.
        Path squad = Questions.squad(folder.resolve("train.json"), Questions.rows(120, 4), 3);
        Manifest named = PrepareJob.run(
                spark,
                PrepareFixture.questions(
                        folder.resolve("squad"),
                        "train: " + squad,
                        "format: squad",
                        "split_by: context",
                        "eval_fraction: 0.2",
                        "test_fraction: 0.1"));
        assertThat(bySplit(
                        "squad",
                        named,
                        sample -> sample.continuesRow()
                                ? List.of()
                                : List.of(QuestionRow.of(sample.window().row()).context())))
                .isEqualTo(contexts);
    }

    @Test
    void reportsHeldOutQuestionsAboutATrainingText() throws IOException {
        List<Map<String, Object>> rows = Questions.rows(60, 0);
        List<Map<String, Object>> train = new ArrayList<>();
        List<Map<String, Object>> test = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            // One question about each of the first five texts, and all three questions about each of the last five
            // texts.
            (i >= 45 || (i % 3 == 0 && i < 15) ? test : train).add(rows.get(i));
        }
        Path trainFile = Questions.lines(folder.resolve("train.jsonl"), train);
        Path testFile = Questions.lines(folder.resolve("test.jsonl"), test);
        Manifest manifest = PrepareJob.run(
                spark,
                PrepareFixture.questions(
                        folder.resolve("dataset"), "train: " + trainFile, "test: " + testFile, "eval_fraction: 0"));

        assertThat(manifest.warnings())
                .filteredOn(warning -> warning.code().equals("train_test_groups"))
                .extracting(Warning::message)
                .containsExactly(
                        "5 of the test rows have the same context as rows to train on: what is measured on them"
                                + " is not what the model does on a new context; take one or the other out");
    }
}
