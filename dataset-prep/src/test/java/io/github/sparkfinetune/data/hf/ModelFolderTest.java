package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A model folder of a stranger may have links. */
class ModelFolderTest {
    @TempDir
    private Path dir;

    private final Configuration hadoop = new Configuration();
    private Path model;
    private Path secret;

    @BeforeEach
    void aModelAndASecret() throws IOException {
        model = Files.createDirectories(dir.resolve("model"));
        Files.writeString(model.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {\"a\": 0}}}");
        Files.writeString(model.resolve("config.json"), "{}");
        secret = Files.writeString(dir.resolve("token"), "hf_secret");
    }

    private String uri(Path folder) {
        return folder.toUri().toString();
    }

    @ParameterizedTest
    @ValueSource(strings = {"chat_template.jinja", "vocab.txt", "model.safetensors", "special_tokens_map.json"})
    void refusesALinkThatLeavesTheFolder(String name) throws IOException {
        Path link = Files.createSymbolicLink(model.resolve(name), secret);

        assertThatThrownBy(() -> ModelFolder.fetch(uri(model), hadoop, null))
                .isInstanceOf(RunException.class)
                .hasMessage(link + " is a link to " + secret.toRealPath()
                        + ", outside of the model folder: copy the file into the folder");
    }

    @ParameterizedTest
    @ValueSource(strings = {"acme/tiny", "src/bert@v2"})
    void aMissingFolderOfTwoWordsMayBeMeantAsAModelOfTheHub(String name) {
        // The module's folder has a folder "src" and none of the other name.
        org.apache.hadoop.fs.Path folder = new org.apache.hadoop.fs.Path(name);

        assertThatThrownBy(() -> TokenizerFiles.read(folder, hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith(", or hub:" + name + " for a model of the Hugging Face Hub");
        assertThatThrownBy(() -> HfConfig.read(folder, hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith(", or hub:" + name + " for a model of the Hugging Face Hub");
        assertThatThrownBy(() -> HfConfig.read(new org.apache.hadoop.fs.Path(uri(dir), name), hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageEndingWith("give a model folder in Hugging Face layout");
    }

    @Test
    void readsNoSmallFileThroughSuchALink() throws IOException {
        Path link = Files.createSymbolicLink(model.resolve("chat_template.jinja"), Path.of("../token"));
        org.apache.hadoop.fs.Path folder = new org.apache.hadoop.fs.Path(model.toUri());

        assertThatThrownBy(() -> TokenizerFiles.read(folder, hadoop))
                .isInstanceOf(RunException.class)
                .hasMessageContaining(link + " is a link to ");
    }

    @Test
    void readsLinksInsideOfTheFolderAndFoldersThatAreLinks() throws IOException {
        Files.createSymbolicLink(model.resolve("vocab.txt"), Path.of("tokenizer.json"));
        Path current = Files.createSymbolicLink(dir.resolve("current"), model);

        assertThat(ModelFolder.fetch(uri(current), hadoop, null)).isEqualTo(current);
        assertThat(HfFolderFiles.content(new org.apache.hadoop.fs.Path(uri(current), "vocab.txt"), hadoop))
                .isEqualTo(Files.readAllBytes(model.resolve("tokenizer.json")));
    }

    @Test
    void readsTheBlobsOfAHubCacheAlone() throws IOException {
        Path cached = dir.resolve("hub/models--acme--tiny");
        Path blob = Files.createDirectories(cached.resolve("blobs")).resolve("0a");
        Files.writeString(blob, "{}");
        Path snapshot = Files.createDirectories(cached.resolve("snapshots/0123456789abcdef0123456789abcdef01234567"));
        Files.createSymbolicLink(snapshot.resolve("config.json"), Path.of("../../blobs/0a"));

        assertThat(ModelFolder.fetch(uri(snapshot), hadoop, null)).isEqualTo(snapshot);
        Files.createSymbolicLink(snapshot.resolve("chat_template.jinja"), secret);
        assertThatThrownBy(() -> ModelFolder.fetch(uri(snapshot), hadoop, null))
                .isInstanceOf(RunException.class)
                .hasMessageContaining("chat_template.jinja is a link to ");
    }
}
