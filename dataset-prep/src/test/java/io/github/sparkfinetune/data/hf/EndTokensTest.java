package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EndTokensTest {
    @TempDir
    Path folder;

    @Test
    void prefersTheGenerationConfig() throws IOException {
        write("config.json", "{\"eos_token_id\": 2}");
        assertThat(ids(-1)).containsExactly(2);
        write("generation_config.json", "{\"max_length\": 20, \"eos_token_id\": null}");
        assertThat(ids(-1)).containsExactly(2);
        write("generation_config.json", "{\"eos_token_id\": [7, 3]}");
        assertThat(ids(-1)).containsExactly(3, 7);
        assertThat(ids(5)).containsExactly(3, 5, 7);
    }

    @Test
    void allowsAModelWithoutEndTokens() throws IOException {
        write("config.json", "{}");
        assertThat(ids(-1)).isEmpty();
    }

    @Test
    void refusesAValueThatIsNoTokenId() throws IOException {
        write("config.json", "{\"eos_token_id\": [2, \"</s>\"]}");
        assertThatThrownBy(() -> ids(-1))
                .isInstanceOf(RunException.class)
                .hasMessage("file:" + folder.resolve("config.json")
                        + ": eos_token_id is '[2,\"</s>\"]', must be a token id or a list of them");
    }

    private Set<Integer> ids(int eosTokenId) throws IOException {
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(folder.toUri());
        Configuration hadoop = new Configuration();
        return EndTokens.of(path, HfConfig.find(path, hadoop), eosTokenId, hadoop);
    }

    private void write(String file, String json) throws IOException {
        Files.writeString(folder.resolve(file), json);
    }
}
