package io.github.sparkfinetune.extra.erase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.prepare.PrepareFixture;
import io.github.sparkfinetune.spark.prepare.PrepareJob;
import io.github.sparkfinetune.testing.TaggingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows whose personal data {@code data.redact} replaced are found by their original text. */
class RedactedRowsTest {
    private static final int ROWS = 40;

    @TempDir
    private Path folder;

    private Trace trace(SparkSession spark, RunConfig config, String document) throws IOException {
        Path file = Files.writeString(folder.resolve("document"), document);
        return TraceJob.ofFile(spark, config, "--text-file", file.toString());
    }

    @Test
    void traceAndEraseFindARowInWhichAModelFoundAName() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        Path tagger = folder.resolve("tagger");
        TaggingModel.write(tagger, Map.of("holder", "B-PER", "contributors", "I-PER"));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            lines.add("{\"text\": \"License " + i + " of holder contributors and user" + i
                    + "@example.com\", \"label\": \"" + (i % 2 == 0 ? "a" : "b") + "\"}");
        }
        Path rows = PrepareFixture.write(folder.resolve("rows.jsonl"), lines);
        RunConfig config = PrepareFixture.config(
                folder.resolve("labelled"),
                "train: " + rows,
                "eval_fraction: 0",
                "redact: {entities: [PERSON, EMAIL_ADDRESS], model: " + tagger + "}");
        PrepareJob.run(spark, config);

        assertThat(trace(spark, config, lines.get(5)).places()).isNotEmpty();
        EraseJob erase = new EraseJob(spark, config);
        Erasure found = erase.find(
                new Selection(Selection.Kind.FILE, folder.resolve("document").toString()));
        assertThat(found.documents()).hasSize(1);
        assertThat(found.samples().training()).isEqualTo(1);
        erase.end(erase.begin(found));
        assertThat(trace(spark, config, lines.get(5)).droppedBecause()).isEqualTo("erased");
    }

    @Test
    @Tag("full")
    void traceFindsTheRowOfAPerson() throws IOException {
        SparkSession spark = PrepareFixture.spark(2);
        Path key = Files.writeString(folder.resolve("key"), "a key of sixteen bytes or more");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            lines.add("{\"patient\": " + i % 4 + ", \"text\": \"License " + i % 4 + " of 2020-05-" + (10 + i)
                    + "\", \"label\": [[0, 7, \"X\"]]}");
        }
        Path rows = PrepareFixture.write(folder.resolve("visits.jsonl"), lines);
        RunConfig config = PrepareFixture.tagger(
                folder.resolve("visits"),
                "train: " + rows,
                "eval_fraction: 0",
                "max_length: 64",
                "split_by: patient",
                "redact: {entities: [DATE_TIME], operators: {DATE_TIME: date_shift}, person: patient, key_file: " + key
                        + "}");
        PrepareJob.run(spark, config);

        assertThat(trace(spark, config, lines.get(5)).places()).isNotEmpty();
        assertThatThrownBy(() -> trace(spark, config, "License 1 of 2020-05-10"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("write the row as a JSON object with patient");
    }
}
