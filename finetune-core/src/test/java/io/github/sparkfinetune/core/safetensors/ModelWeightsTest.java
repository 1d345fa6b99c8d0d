package io.github.sparkfinetune.core.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.GoldenFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ModelWeightsTest {
    private final Path golden = GoldenFiles.root().resolve("models/llama-tied");

    @TempDir
    private Path folder;

    @Test
    void readsARemoteFolderLikeALocalFolder() throws IOException {
        try (SafetensorsModel local = SafetensorsModel.open(golden);
                ModelWeights remote = open(golden)) {
            assertThat(remote.names()).containsExactlyElementsOf(local.names());
            for (String name : local.names()) {
                assertThat(remote.info(name)).isEqualTo(local.info(name));
                assertThat(remote.buffer(name)).isEqualTo(local.buffer(name));
            }
        }
    }

    @Test
    void findsShardsByTheIndex() throws IOException {
        Files.copy(golden.resolve("model.safetensors"), folder.resolve("a.safetensors"));
        Files.writeString(
                folder.resolve(SafetensorsModel.INDEX), "{\"weight_map\": {\"model.norm.weight\": \"a.safetensors\"}}");
        try (ModelWeights remote = open(folder)) {
            assertThat(remote.info("model.norm.weight").shape()).containsExactly(64);
            assertThat(remote.fileOf("model.norm.weight")).endsWith("a.safetensors");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../a.safetensors", "/etc/a.safetensors", "hdfs://other/a.safetensors", "file:a.safetensors"})
    void refusesAnIndexThatLeavesItsFolder(String shard) throws IOException {
        Files.writeString(folder.resolve(SafetensorsModel.INDEX), "{\"weight_map\": {\"a\": \"" + shard + "\"}}");
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("is not the name of a safetensors file in this folder");
    }

    @Test
    void namesMissingAndTruncatedFiles() throws IOException {
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("model.safetensors is missing");
        byte[] whole = Files.readAllBytes(golden.resolve("model.safetensors"));
        Files.write(folder.resolve("model.safetensors"), java.util.Arrays.copyOf(whole, whole.length - 4));
        assertThatThrownBy(() -> open(folder)).isInstanceOf(RunException.class).hasMessageContaining("fetch it again");
        Files.write(folder.resolve("model.safetensors"), new byte[3]);
        assertThatThrownBy(() -> open(folder)).isInstanceOf(RunException.class).hasMessageContaining("too few");
    }

    private static ModelWeights open(Path folder) throws IOException {
        FileSystem files = FileSystem.getLocal(new Configuration()).getRawFileSystem();
        return ModelWeights.openFar(files, new org.apache.hadoop.fs.Path(folder.toUri()));
    }
}
