package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndTokensTest {
    @TempDir
    Path folder;

    @Test
    void theGenerationConfigComesFirst() throws IOException {
        write("config.json", "{\"eos_token_id\": 2}");
        assertThat(EndTokens.read(folder)).containsExactly(2);
        write("generation_config.json", "{\"max_length\": 20, \"eos_token_id\": null}");
        assertThat(EndTokens.read(folder)).containsExactly(2);
        write("generation_config.json", "{\"eos_token_id\": [7, 3]}");
        assertThat(EndTokens.read(folder)).containsExactly(3, 7);
    }

    @Test
    void aModelMayHaveNone() throws IOException {
        write("config.json", "{}");
        assertThat(EndTokens.read(folder)).isEmpty();
    }

    @Test
    void whatIsNoTokenIdIsRefused() throws IOException {
        write("config.json", "{\"eos_token_id\": [2, \"</s>\"]}");
        assertThatThrownBy(() -> EndTokens.read(folder))
                .isInstanceOf(RunException.class)
                .hasMessage(folder.resolve("config.json")
                        + ": eos_token_id is '[2,\"</s>\"]', must be a token id or a list of them");
    }

    private void write(String file, String json) throws IOException {
        Files.writeString(folder.resolve(file), json);
    }
}
