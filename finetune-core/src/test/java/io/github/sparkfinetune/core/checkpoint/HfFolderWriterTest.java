package io.github.sparkfinetune.core.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.core.safetensors.SafetensorsModel;
import io.github.sparkfinetune.core.safetensors.SafetensorsWriter;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.Tensors;
import io.github.sparkfinetune.data.hf.HfConfig;
import io.github.sparkfinetune.data.hf.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HfFolderWriterTest {
    private static final long[] SHAPE = {2, 2};
    private static final ModelCard CARD = new ModelCard(
            "sentence-transformers/all-MiniLM-L6-v2",
            new ModelCard.Usage("text-classification", "model(\"some text\")"),
            "BertForSequenceClassification",
            List.of("news.jsonl"),
            Map.of("left out: duplicates", 1200L),
            Map.of("training.learning_rate", 1e-4),
            Map.of("accuracy", 0.97));

    @TempDir
    Path temp;

    private final Path base = GoldenFiles.root().resolve("models/bert-seqcls");
    private final Configuration hadoop = new Configuration(false);

    private HfFolderWriter writer(String run, String attempt) {
        return new HfFolderWriter(
                new org.apache.hadoop.fs.Path(temp.resolve("model").toUri()), hadoop, run, attempt);
    }

    private static List<TensorData> weights(float first) {
        return List.of(
                TensorData.f32("c", SHAPE, Tensors.floats(first, 1, 2, 3)),
                TensorData.f32("a", SHAPE, Tensors.floats(4, 5, 6, 7)),
                TensorData.f32("b", new long[] {5}, Tensors.floats(8, 9, 10, 11, 12)),
                TensorData.f32("d", new long[0], Tensors.floats(13)));
    }

    private void write(String run, String attempt, float first, long maxShardSize) {
        HfConfig config = HfConfig.read(base)
                .asSequenceClassifier(
                        "BertForSequenceClassification", List.of("x", "y"), "single_label_classification", "float32");
        writer(run, attempt).write(base, config, weights(first), CARD, maxShardSize, Map.of());
    }

    private List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void copiesNoFileThroughALinkThatLeavesTheBase() throws IOException {
        Path stranger = Files.createDirectories(temp.resolve("stranger"));
        Path secret = Files.writeString(temp.resolve("token"), "hf_secret");
        Files.createSymbolicLink(stranger.resolve("vocab.txt"), secret);
        HfConfig config = HfConfig.read(base);

        assertThatThrownBy(() -> writer("run", "0")
                        .write(stranger, config, weights(1), CARD, SafetensorsWriter.MAX_SHARD_SIZE, Map.of()))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("vocab.txt is a link to " + secret.toRealPath());
    }

    @Test
    void writesTheFilesThatTransformersReads() throws IOException {
        write("run", "0", 0.5f, SafetensorsWriter.MAX_SHARD_SIZE);
        Path model = temp.resolve("model");
        assertThat(names(model))
                .containsExactly(
                        ".finetune-run",
                        "README.md",
                        "config.json",
                        "model.safetensors",
                        "special_tokens_map.json",
                        "tokenizer.json",
                        "tokenizer_config.json",
                        "vocab.txt");
        assertThat(model.resolve("tokenizer.json")).hasSameBinaryContentAs(base.resolve("tokenizer.json"));
        assertThat(HfConfig.read(model).labels()).containsExactly("x", "y");
        assertThat(Files.readString(model.resolve("README.md")))
                .startsWith("---\n")
                .contains(
                        "base_model: sentence-transformers/all-MiniLM-L6-v2",
                        "| accuracy | 0.9700 |",
                        "| left out: duplicates | 1,200 |")
                .contains("news.jsonl", "| training.learning_rate | 1.0E-4 |", "pipeline(\"text-classification\"");
        assertThat(names(temp)).containsExactly("model");
    }

    @Test
    void shardsWeightsAboveTheLimit() throws IOException {
        write("run", "0", 0.5f, 19);
        Path model = temp.resolve("model");
        assertThat(names(model).stream().filter(name -> name.startsWith("model")))
                .containsExactly(
                        "model-00001-of-00004.safetensors",
                        "model-00002-of-00004.safetensors",
                        "model-00003-of-00004.safetensors",
                        "model-00004-of-00004.safetensors",
                        "model.safetensors.index.json");
        try (SafetensorsModel read = SafetensorsModel.open(model)) {
            assertThat(read.names()).containsExactlyInAnyOrder("a", "b", "c", "d");
            assertThat(read.buffer("c").getFloat(0)).isEqualTo(0.5f);
            assertThat(read.buffer("b").getFloat(16)).isEqualTo(12f);
            assertThat(read.info("a").shape()).isEqualTo(SHAPE);
        }
    }

    @Test
    void replacesAFolderOfTheSameRunOnly() throws IOException {
        write("run", "0", 1, SafetensorsWriter.MAX_SHARD_SIZE);
        Files.createDirectories(temp.resolve(".model.tmp.run.7"));
        write("run", "1", 2, SafetensorsWriter.MAX_SHARD_SIZE);
        assertThat(names(temp)).containsExactly("model");
        assertThatThrownBy(() -> write("other", "0", 3, SafetensorsWriter.MAX_SHARD_SIZE))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("belongs to the run 'run'");
        try (SafetensorsModel read = SafetensorsModel.open(temp.resolve("model"))) {
            assertThat(read.buffer("c").getFloat(0)).isEqualTo(2f);
        }
    }

    @Test
    void finishesABegunMergeAndKeepsAWholeOne() throws IOException {
        Path model = Files.createDirectories(temp.resolve("model"));
        Files.writeString(model.resolve(".finetune-run"), "merge-1\n");
        Files.writeString(model.resolve("model.safetensors"), "half");

        assertThatThrownBy(() -> once("merge-2").checkTarget()).hasMessageContaining("belongs to the run 'merge-1'");
        merge("merge-1", 1);

        assertThatThrownBy(() -> merge("merge-1", 2))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("--output: ")
                .hasMessageContaining("exists and is complete");
        try (SafetensorsModel read = SafetensorsModel.open(model)) {
            assertThat(read.buffer("c").getFloat(0)).isEqualTo(1f);
        }
    }

    private HfFolderWriter once(String run) {
        return HfFolderWriter.once(
                "--output", new org.apache.hadoop.fs.Path(temp.resolve("model").toUri()), hadoop, run);
    }

    private void merge(String run, float first) {
        once(run).write(base, HfConfig.read(base), weights(first), CARD, SafetensorsWriter.MAX_SHARD_SIZE, Map.of());
    }

    @Test
    void keepsFoldersAndFilesOfOthers() throws IOException {
        Files.createDirectories(temp.resolve("model"));
        Files.writeString(temp.resolve("model/notes.txt"), "mine");
        assertThatThrownBy(() -> writer("run", "0").checkTarget())
                .isInstanceOf(RunException.class)
                .hasMessageContaining("output.dir");
        assertThatThrownBy(() -> write("run", "0", 1, 1)).isInstanceOf(RunException.class);
        assertThat(temp.resolve("model/notes.txt")).hasContent("mine");
        Files.delete(temp.resolve("model/notes.txt"));
        Files.delete(temp.resolve("model"));
        Files.writeString(temp.resolve("model"), "a file");
        assertThatThrownBy(() -> write("run", "0", 1, 1)).isInstanceOf(RunException.class);
        assertThat(temp.resolve("model")).hasContent("a file");
    }

    @Test
    void copiesARemoteModelButNotALocalOne() throws IOException {
        assertThat(ModelFolder.fetch(base.toUri().toString(), hadoop, temp)).isEqualTo(base);
        Path copy = ModelFolder.fetch(
                FarFileSystem.path(base).toString(), FarFileSystem.configuration(), temp.resolve("cache"));
        assertThat(copy).startsWith(temp.resolve("cache"));
        assertThat(copy.resolve("model.safetensors")).hasSameBinaryContentAs(base.resolve("model.safetensors"));
        for (String missing : List.of("file:///none/such", "far:///none/such")) {
            assertThatThrownBy(() -> ModelFolder.fetch(missing, FarFileSystem.configuration(), temp))
                    .isInstanceOf(RunException.class)
                    .hasMessageContaining(missing);
        }
    }
}
