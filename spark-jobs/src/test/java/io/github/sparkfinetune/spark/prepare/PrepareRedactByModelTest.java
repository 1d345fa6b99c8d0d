package io.github.sparkfinetune.spark.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.data.tag.Words;
import io.github.sparkfinetune.testing.TaggingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Datasets in whose texts a model finds entities besides the rules. */
class PrepareRedactByModelTest {
    private static final int ROWS = 40;

    @TempDir
    private Path folder;

    private SparkSession spark;
    private String redact;

    @BeforeEach
    void start() throws IOException {
        spark = PrepareFixture.spark(2);
        tagger(Map.of("holder", "B-PER", "contributors", "I-PER"));
        redact = "redact: {entities: [PERSON, EMAIL_ADDRESS], model: " + folder.resolve("tagger") + "}";
    }

    private void tagger(Map<String, String> tags) throws IOException {
        TaggingModel.write(folder.resolve("tagger"), tags);
    }

    private static String text(int row) {
        return "License " + row + " of holder contributors and user" + row + "@example.com";
    }

    @Test
    void tagsMoveWithTheTextAndCountsNameTheEntity() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 10; i < 10 + ROWS; i++) {
            lines.add("{\"text\": \"" + text(i) + "\", \"label\": [[14, 33, \"PER\"], [38, " + text(i).length()
                    + ", \"MAIL\"]]}");
        }
        Path rows = PrepareFixture.write(folder.resolve("rows.jsonl"), lines);
        RunConfig config = PrepareFixture.tagger(
                folder.resolve("tagged"), "train: " + rows, "eval_fraction: 0", "max_length: 64", redact);
        Manifest manifest = PrepareJob.run(spark, config);
        Set<String> texts = PrepareFixture.samples(folder.resolve("tagged"), manifest, "train").stream()
                .map(sample -> Words.parse(sample.window().row()).text())
                .collect(Collectors.toSet());
        assertThat(texts).hasSize(ROWS).allMatch(text -> text.matches("License \\d+ of <PERSON> and <EMAIL_ADDRESS>"));
        assertThat(manifest.redacted()).isEqualTo(Map.of("EMAIL_ADDRESS", (long) ROWS, "PERSON", (long) ROWS));
        assertThat(manifest.labels()).contains("B-PER", "I-PER", "B-MAIL");
    }

    @Test
    void aDatasetOfAnotherModelIsRefused() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            lines.add("{\"text\": \"" + text(i) + "\", \"label\": \"" + (i % 2 == 0 ? "a" : "b") + "\"}");
        }
        Path rows = PrepareFixture.write(folder.resolve("rows.jsonl"), lines);
        RunConfig config =
                PrepareFixture.config(folder.resolve("labelled"), "train: " + rows, "eval_fraction: 0", redact);
        Manifest manifest = PrepareJob.run(spark, config);
        assertThat(manifest.redacted()).containsEntry("PERSON", (long) ROWS);
        assertThat(manifest.split("train").rows()).isEqualTo(ROWS);
        assertThat(Files.readString(folder.resolve("labelled").resolve("manifest-1.json")))
                .contains("\"sha256\"", "\"PER\" : \"PERSON\"");
        assertThat(PrepareJob.run(spark, config)).isEqualTo(manifest);

        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.delete(folder.resolve("tagger").resolve(file));
        }
        tagger(Map.of("holder", "B-PER", "contributors", "I-PER", "code", "B-LOC"));
        assertThatThrownBy(() -> PrepareJob.run(spark, config))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("redact.model.sha256");
    }
}
