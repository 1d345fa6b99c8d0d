package io.github.sparkfinetune.extra.redact;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.redact.Redaction;
import io.github.sparkfinetune.spark.Runs;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import io.github.sparkfinetune.spark.entity.EntityModels;
import io.github.sparkfinetune.spark.redact.RedactedFrame;
import io.github.sparkfinetune.testing.TaggingModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Tables in which a model finds entities besides the rules. */
@Timeout(120)
class RedactByModelTest {
    @TempDir
    private Path folder;

    private SparkSession spark;
    private Path tagger;

    @BeforeEach
    void start() throws IOException {
        tagger = TaggingModel.write(
                folder.resolve("tagger"), Map.of("holder", "B-PER", "contributors", "I-PER", "code", "B-LOC"));
        spark = SparkSessions.open(config("[PERSON]"), "redact", "local[3]", Map.of());
    }

    private RunConfig config(String entities, String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "task=classification",
                "model=" + tagger,
                "data.train=" + folder.resolve("none.jsonl"),
                "data.redact.model=" + tagger,
                "data.redact.entities=" + entities));
        all.addAll(List.of(settings));
        return Runs.in(folder, all.toArray(String[]::new));
    }

    private RedactJob.Outcome redact(RunConfig config, String output, String... lines) throws IOException {
        Path input = Files.write(folder.resolve(output + ".jsonl"), List.of(lines));
        return RedactJob.run(
                spark,
                config,
                input.toString(),
                List.of(),
                folder.resolve(output).toString());
    }

    private List<String> copy(String output) {
        return spark.read().parquet(folder.resolve(output).toString()).collectAsList().stream()
                .map(row -> row.<String>getAs("text"))
                .toList();
    }

    @Test
    void spansOfTheModelAreUnitedWithThoseOfTheRules() throws IOException {
        Path key = Files.writeString(folder.resolve("key"), "a key of sixteen bytes or more");
        RedactJob.Outcome outcome = redact(
                config(
                        "[LOCATION, EMAIL_ADDRESS, PERSON]",
                        "data.redact.operators={PERSON: pseudonym, LOCATION: mask}",
                        "data.redact.key_file=" + key),
                "clean",
                "{\"text\": \"Holder contributors, holder@example.com, of code\"}");
        String[] parts = copy("clean").get(0).split(", ", -1);
        // The name in the address belongs to the address.
        assertThat(parts[1]).isEqualTo("<EMAIL_ADDRESS>");
        assertThat(parts[0]).matches("[A-Z][a-z]{5} [a-z]{12}").isNotEqualTo("Holder contributors");
        assertThat(parts[2]).isEqualTo("of ****");
        assertThat(outcome.redacted())
                .containsExactly(Map.entry("EMAIL_ADDRESS", 1L), Map.entry("LOCATION", 1L), Map.entry("PERSON", 1L));
        JsonNode model = new ObjectMapper()
                .readTree(folder.resolve("clean").resolve(RedactJob.COUNTS).toFile())
                .path("redact")
                .path("model");
        assertThat(model.path("sha256").textValue()).matches("[0-9a-f]{64}");
        assertThat(model.path("labels")).hasToString("{\"LOC\":\"LOCATION\",\"PER\":\"PERSON\"}");
    }

    @Test
    void resultsDoNotDependOnPartitionsAndTasksShareTheModel() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            rows.add(RowFactory.create(i, "the license ".repeat(i % 23) + "holder contributors of code".repeat(i % 2)));
        }
        Dataset<Row> frame = spark.createDataFrame(
                rows, new StructType().add("id", DataTypes.IntegerType).add("text", DataTypes.StringType));
        Redaction redaction = Redaction.of(config("[PERSON, LOCATION]").data().redact());
        long before = EntityModels.loads();
        List<Row> expected = null;
        for (int partitions : new int[] {1, 3, 11}) {
            List<Row> redacted = RedactedFrame.of(
                            frame.repartition(partitions), redaction, List.of("text"), RedactedFrame.Counter.NONE)
                    .orderBy("id")
                    .collectAsList();
            assertThat(redacted.get(1).getString(1)).isEqualTo("the license <PERSON> of <LOCATION>");
            assertThat(redacted).hasSize(200).isEqualTo(expected == null ? redacted : expected);
            expected = redacted;
        }
        assertThat(EntityModels.loads() - before).isEqualTo(1);
    }

    @Test
    void refusesInOneLineWhatCannotBeUsed() throws IOException {
        refused(
                config("[PERSON]", "data.redact.model=" + folder.resolve("none")),
                "data.redact.model: there is no model in");
        refused(config("[PERSON, AGE]"), "finds AGE: its labels are LOC (LOCATION), PER (PERSON)");
        refused(config("[URL]"), "finds LOC (LOCATION), PER (PERSON), of which data.redact.entities names none");
        refused(config("[PERSON]", "data.redact.labels={ORG: PERSON}"), "data.redact.labels: ORG is no label of ");
        Path classifier = Path.of("../finetune-core/src/test/resources/golden/models/bert-seqcls")
                .toAbsolutePath()
                .normalize();
        refused(
                config("[PERSON]", "data.redact.model=" + classifier),
                "holds BertForSequenceClassification, which is no token classifier: give a model that was trained with"
                        + " task token-classification");
        Path unknown = TaggingModel.write(folder.resolve("unknown"), Map.of("code", "B-LOC"));
        Path file = unknown.resolve("config.json");
        Files.writeString(file, Files.readString(file).replace("\"model_type\":\"bert\"", "\"model_type\":\"xyz\""));
        refused(config("[LOCATION]", "data.redact.model=" + unknown), "xyz");
        Files.delete(tagger.resolve("tokenizer.json"));
        refused(config("[PERSON]"), "tokenizer.json");
    }

    private void refused(RunConfig config, String message) {
        assertThatThrownBy(() -> redact(config, "refused", "{\"text\": \"a\"}"))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
        assertThat(folder.resolve("refused")).doesNotExist();
    }
}
