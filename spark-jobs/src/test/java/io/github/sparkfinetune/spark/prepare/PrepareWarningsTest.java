package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.dataset.Warning;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Warnings of prepare about text that trains a model badly. */
class PrepareWarningsTest {
    @TempDir
    Path folder;

    private SparkSession spark;

    @BeforeEach
    void start() {
        spark = PrepareFixture.spark(2);
    }

    @AfterEach
    void stop() {
        spark.stop();
    }

    private List<Warning> warnings(List<String> train, List<String> test) throws IOException {
        write(train, test);
        return warnings();
    }

    private void write(List<String> train, List<String> test) throws IOException {
        PrepareFixture.write(folder.resolve("train.jsonl"), train);
        PrepareFixture.write(folder.resolve("test.jsonl"), test);
    }

    private List<Warning> warnings(String... data) {
        List<String> lines = new ArrayList<>(List.of(data));
        lines.add("train: " + folder.resolve("train.jsonl"));
        lines.add("test: " + folder.resolve("test.jsonl"));
        lines.add("eval_fraction: 0");
        return PrepareJob.run(spark, PrepareFixture.config(folder.resolve("dataset"), lines.toArray(String[]::new)))
                .warnings();
    }

    /** Returns short mails, none longer than the model's limit. */
    private static List<String> notes(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "{\"text\": \"note " + i + "\", \"label\": \"" + (i % 2 == 0 ? "ham" : "spam") + "\"}")
                .toList();
    }

    @Test
    void reportsNothingForGoodText() throws IOException {
        List<String> mails = notes(200);
        assertThat(warnings(mails.subList(0, 150), mails.subList(150, 200))).isEmpty();
    }

    @Test
    void reportsBadTextWithCountsAndAnExample() throws IOException {
        List<String> train = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            train.add(PrepareFixture.json(i, "ham"));
        }
        train.add(PrepareFixture.json(300, "spam"));
        train.add(PrepareFixture.json(301, "rare"));
        List<String> test = List.of(
                PrepareFixture.json(7, "ham"),
                PrepareFixture.json(8, "ham"),
                PrepareFixture.json(900, "spam"),
                "{\"text\": \"𐎀𐎁 𐎂𐎃 𐎄𐎅 𐎆𐎇\", \"label\": \"ham\"}");

        List<Warning> found = warnings(train, test);

        assertThat(found)
                .extracting(Warning::code)
                .containsExactlyInAnyOrder(
                        "truncated", "label_imbalance", "empty_label", "unknown_tokens", "train_test_duplicates");
        assertThat(found)
                .extracting(Warning::message)
                .anySatisfy(message ->
                        assertThat(message).startsWith("2 of the test rows are in the training text too, as \"mail "));
        assertThat(found)
                .extracting(Warning::message)
                .anySatisfy(message ->
                        assertThat(message).startsWith("no test row has the label rare: nothing is measured of it"));
        assertThat(found)
                .extracting(Warning::message)
                .anySatisfy(message -> assertThat(message).startsWith("the label ham has 100 train rows, rare has 1:"));
    }

    @Test
    void reportsALabelWithoutHeldOutRows() throws IOException {
        List<String> mails = new ArrayList<>(notes(40));
        mails.add("{\"text\": \"a rare note\", \"label\": \"rare\"}");
        Path train = PrepareFixture.write(folder.resolve("train.jsonl"), mails);
        List<String> data = List.of("train: " + train, "eval_fraction: 0.25", "test_fraction: 0.6");
        List<String> messages = PrepareJob.run(
                        spark, PrepareFixture.config(folder.resolve("dataset"), data.toArray(String[]::new)))
                .warnings()
                .stream()
                .map(Warning::message)
                .toList();
        // Each label keeps a training row.
        assertThat(messages)
                .containsExactly(
                        "no eval row has the label rare: nothing is measured of it; hold out more rows",
                        "no test row has the label rare: nothing is measured of it; hold out more rows");
    }

    @Test
    void failsStrictRunsAndLeavesNothing() throws IOException {
        List<String> mails = notes(60);
        write(mails, mails.subList(0, 3));
        assertThatThrownBy(() -> warnings("strict: true"))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith("data.strict: 3 of the test rows are in the training text too");
        assertThat(folder.resolve("dataset")).doesNotExist();
        assertThat(warnings()).hasSize(1);
        assertThatThrownBy(() -> warnings("strict: true")).hasMessageStartingWith("data.strict: 3 of the test rows");
    }

    @Test
    void reportsALanguageModelThatNeverLearnsToEnd() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            lines.add("{\"text\": \"" + PrepareFixture.text(39) + " " + PrepareFixture.text(i + 40) + "\"}");
        }
        Path train = PrepareFixture.write(folder.resolve("train.jsonl"), lines);
        Manifest manifest = PrepareJob.run(
                spark,
                PrepareFixture.languageModel(
                        "causal-lm",
                        folder.resolve("dataset"),
                        "train: " + train,
                        "eval_fraction: 0",
                        "max_length: 16"));
        assertThat(manifest.warnings())
                .extracting(Warning::code)
                .containsExactlyInAnyOrder("truncated", "no_trained_terminator");
    }
}
