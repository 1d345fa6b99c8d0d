package io.github.sparkfinetune.core.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.testing.TaggingModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalRunTest {
    private static final Path MODEL =
            Path.of("src/test/resources/golden/models/bert-seqcls").toAbsolutePath();
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @Test
    void trainsOnRowsInMemoryAndPredicts() throws IOException {
        LocalRun run = run();
        Manifest manifest = run.prepare(Map.of("train", mails(0, 40), "eval", mails(40, 20)));
        List<TrainingRecord> records = new ArrayList<>();
        TrainingResult result = run.train(records::add, () -> false, folder);

        assertThat(manifest.labels()).containsExactly("cat", "dog");
        assertThat(manifest.split("train").rows()).isEqualTo(40);
        assertThat(result.steps()).isEqualTo(40);
        assertThat(records).anyMatch(record -> record.eval() != null);
        try (LocalPredictor model = run.predictor(folder)) {
            List<Map<String, Object>> rows = model.predict(List.of(row("a cat and a cat"), row("the dog of a dog")));
            assertThat(rows).extracting(row -> row.get("prediction")).containsExactly("cat", "dog");
        }
    }

    @Test
    void aModelRedactsRowsToTrainOnAndToPredictFrom() throws IOException {
        Path tagger = TaggingModel.write(folder.resolve("tagger"), Map.of("license", "B-DOC"));
        LocalRun run = run("data.redact.entities=[DOC]", "data.redact.model=" + tagger, "training.num_train_epochs=1");
        Manifest manifest = run.prepare(Map.of("train", mails(0, 10, "license ")));
        assertThat(manifest.redacted()).isEqualTo(Map.of("DOC", 10L));
        run.train(record -> {}, () -> false, folder);
        try (LocalPredictor model = run.predictor(folder)) {
            List<Map<String, Object>> rows = model.predict(List.of(row("the license"), row("<DOC> and License")));
            assertThat(rows).extracting(row -> row.get("text")).containsExactly("the <DOC>", "<DOC> and <DOC>");
        }
    }

    @Test
    void usesTheDatasetOfTheSameRowsAgain() throws IOException {
        Manifest first = run().prepare(Map.of("train", mails(0, 10)));

        assertThat(run().prepare(Map.of("train", mails(0, 10)))).isEqualTo(first);
        assertThatThrownBy(() -> run().prepare(Map.of("train", mails(0, 11))))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("holds a dataset of other rows or options: set data.dir to a new folder");
    }

    @Test
    void endsATrainingThatItsCallerCancels() throws IOException {
        LocalRun run = run();
        run.prepare(Map.of("train", mails(0, 40)));
        List<TrainingRecord> records = new ArrayList<>();

        assertThatThrownBy(() -> run.train(records::add, () -> records.size() >= 3, folder))
                .isInstanceOf(java.util.concurrent.CancellationException.class);
        assertThat(records).hasSize(3);
    }

    @Test
    void refusesRowsThatCannotBeUsed() {
        List<JsonNode> unlabelled = new ArrayList<>(mails(0, 10));
        unlabelled.add(row("a text without label"));

        assertThatThrownBy(() -> run().prepare(Map.of("train", unlabelled)))
                .hasMessageContaining("1 of 11 rows cannot be used (no_label: 1)");
        assertThatThrownBy(() -> run().prepare(Map.of("train", mails(0, 10), "eval", List.of(row("a bird", "bird")))))
                .hasMessageContaining("data.eval: rows have the label bird, which the training rows do not have");
        assertThatThrownBy(() -> run().prepare(Map.of("eval", mails(0, 10)))).hasMessageContaining("train is required");
        assertThatThrownBy(() -> run("cluster.ranks=2")).hasMessageContaining("cluster.ranks is 2");
        assertThatThrownBy(() -> run("model=hub:acme/tiny"))
                .hasMessageStartingWith("model: 'hub:acme/tiny' is a model of the Hugging Face Hub, and a process");
        assertThatThrownBy(() -> run().prepare(
                                Map.of("train", List.of(JSON.getNodeFactory().textNode("a cat")))))
                .hasMessageContaining("row 0 is no JSON object");
    }

    private LocalRun run(String... settings) {
        String yaml = """
                model: %s
                task: classification
                data: {train: memory, max_length: 16}
                training: {per_device_train_batch_size: 4, num_train_epochs: 4, learning_rate: 5e-3, logging_steps: 1}
                output: {dir: %s}
                """.formatted(MODEL, folder.resolve("run"));
        return new LocalRun(RunConfigLoader.parse(yaml, "test", List.of(settings)), new Configuration(), -1, 1);
    }

    private static List<JsonNode> mails(int from, int count) {
        return mails(from, count, "");
    }

    private static List<JsonNode> mails(int from, int count, String start) {
        List<JsonNode> rows = new ArrayList<>();
        for (int i = from; i < from + count; i++) {
            rows.add(
                    i % 2 == 0
                            ? row(start + "a cat and a cat " + i, "cat")
                            : row(start + "the dog of a dog " + i, "dog"));
        }
        return rows;
    }

    private static JsonNode row(String text, String label) {
        return JSON.createObjectNode().put("text", text).put("label", label);
    }

    private static JsonNode row(String text) {
        return JSON.createObjectNode().put("text", text);
    }
}
