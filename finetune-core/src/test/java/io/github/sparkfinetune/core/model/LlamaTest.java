package io.github.sparkfinetune.core.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.core.GoldenFiles;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code config.json} of the Llama family means where it leaves something out. */
class LlamaTest {
    @TempDir
    private Path folder;

    @Test
    void mistralsWindowIsThatOfTransformersWithoutTheKeyAndNoneWithNull() throws IOException {
        ObjectMapper json = new ObjectMapper();
        ObjectNode config = (ObjectNode) json.readTree(
                GoldenFiles.root().resolve("models/mistral/config.json").toFile());
        assertThat(window(config)).isEqualTo(config.path("sliding_window").asInt());
        assertThat(window(config.putNull("sliding_window"))).isZero();
        config.remove("sliding_window");
        assertThat(window(config)).isEqualTo(4096);
    }

    private int window(ObjectNode config) throws IOException {
        Files.writeString(folder.resolve(HfConfig.FILE), config.toString());
        return DecoderArchitecture.of(HfConfig.read(folder)).shape().slidingWindow();
    }
}
