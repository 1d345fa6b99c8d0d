package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.tag.Words;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Personal data that {@code data.redact} replaces before a dataset is written. */
class PrepareRedactTest {
    private static final int ROWS = 40;
    private static final String KEY = "a key of sixteen bytes or more";

    @TempDir
    private Path folder;

    private SparkSession spark;
    private Path key;
    private Path rows;

    @BeforeEach
    void start() throws IOException {
        spark = PrepareFixture.spark(2);
        key = Files.writeString(folder.resolve("key"), KEY);
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            // Two rows have one address, in different cases.
            String mail = (i % 2 == 0 ? "User" : "user") + i / 2 + "@example.com";
            lines.add("{\"text\": \"The license is granted to " + mail + " by Ann\", \"label\": [[26, "
                    + (26 + mail.length()) + ", \"MAIL\"], [" + (30 + mail.length()) + ", " + (33 + mail.length())
                    + ", \"PER\"]]}");
        }
        rows = PrepareFixture.write(folder.resolve("rows.jsonl"), lines);
    }

    private RunConfig config(String dataset, String redact) {
        return PrepareFixture.tagger(
                folder.resolve(dataset), "train: " + rows, "eval_fraction: 0", "max_length: 64", "redact: " + redact);
    }

    private Set<String> texts(String dataset, Manifest manifest) throws IOException {
        return PrepareFixture.samples(folder.resolve(dataset), manifest, "train").stream()
                .map(sample -> Words.parse(sample.window().row()).text())
                .collect(Collectors.toSet());
    }

    @Test
    void replacesAndCountsPersonalData() throws IOException {
        Manifest manifest = PrepareJob.run(spark, config("replaced", "{entities: [EMAIL_ADDRESS, US_SSN]}"));
        assertThat(texts("replaced", manifest)).containsExactly("The license is granted to <EMAIL_ADDRESS> by Ann");
        assertThat(manifest.redacted()).isEqualTo(Map.of("EMAIL_ADDRESS", (long) ROWS));
        assertThat(manifest.labels()).contains("B-MAIL", "I-MAIL", "B-PER");
        assertThat(DataFunnel.of(manifest))
                .anySatisfy(line ->
                        assertThat(line.name() + " " + line.count()).isEqualTo("redacted: EMAIL_ADDRESS " + ROWS));
        assertThat(PrepareJob.run(spark, config("replaced", "{entities: [US_SSN, EMAIL_ADDRESS]}")))
                .isEqualTo(manifest);
        assertThatThrownBy(() -> PrepareJob.run(
                        spark, config("replaced", "{entities: [EMAIL_ADDRESS, US_SSN], operator: mask}")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("redact")
                .hasMessageContaining("mask");
        assertThatThrownBy(() -> PrepareJob.run(spark, config("replaced", "{}")))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("redact");
    }

    @Test
    void pseudonymsAreEqualInAllPartitionsAndTheKeyIsInNoFile() throws IOException {
        String redact = "{entities: [EMAIL_ADDRESS], operator: pseudonym, key_file: " + key + "}";
        Manifest manifest = PrepareJob.run(spark, config("pseudonyms", redact));
        Set<String> texts = texts("pseudonyms", manifest);
        assertThat(texts).hasSize(ROWS).noneMatch(text -> text.contains("example.com"));
        assertThat(texts.stream().map(String::toLowerCase).collect(Collectors.toSet()))
                .hasSize(ROWS / 2);
        String written = Files.readString(folder.resolve("pseudonyms").resolve("manifest-1.json"));
        assertThat(written).contains("key_fingerprint", "pseudonym").doesNotContain(KEY, "user1");

        Files.writeString(key, KEY + "!");
        assertThatThrownBy(() -> PrepareJob.run(spark, config("pseudonyms", redact)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("key_fingerprint");
    }

    private RunConfig ofPatients() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            lines.add("{\"patient\": " + i % 4 + ", \"text\": \"License " + i % 4 + " of 2020-05-" + (10 + i)
                    + "\", \"label\": [[0, 7, \"X\"]]}");
        }
        rows = PrepareFixture.write(folder.resolve("visits.jsonl"), lines);
        return PrepareFixture.tagger(
                folder.resolve("visits"),
                "train: " + rows,
                "eval_fraction: 0",
                "max_length: 64",
                "split_by: patient",
                "redact: {entities: [DATE_TIME], operators: {DATE_TIME: date_shift}, person: patient, key_file: " + key
                        + "}");
    }

    @Test
    void datesOfAPersonMoveTogether() throws IOException {
        RunConfig config = ofPatients();
        Set<String> texts = texts("visits", PrepareJob.run(spark, config));
        for (int patient = 0; patient < 4; patient++) {
            String start = "License " + patient + " of ";
            List<LocalDate> moved = texts.stream()
                    .filter(text -> text.startsWith(start))
                    .map(text -> LocalDate.parse(text.substring(start.length())))
                    .sorted()
                    .toList();
            LocalDate first = moved.get(0);
            assertThat(first).isBefore(LocalDate.of(2020, 5, 10 + patient));
            assertThat(moved).containsExactly(first, first.plusDays(4), first.plusDays(8));
        }
    }

    @Test
    void refusesAMissingKeyBeforeAnyWork() {
        String redact = "{entities: [EMAIL_ADDRESS], operator: hash, key_file: " + folder.resolve("none") + "}";
        assertThatThrownBy(() -> PrepareJob.run(spark, config("missing", redact)))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("data.redact.key_file: ")
                .hasMessageContaining("does not exist: name the file of the key");
        assertThat(folder.resolve("missing")).doesNotExist();
    }
}
