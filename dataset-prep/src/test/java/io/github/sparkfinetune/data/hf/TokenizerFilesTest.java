package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.RunException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where a model folder's chat template and special tokens come from. */
class TokenizerFilesTest {
    @TempDir
    Path folder;

    @BeforeEach
    void aTokenizer() throws IOException {
        write(
                "tokenizer.json",
                "{'model': {'vocab': {'a': 0, '<s>': 1}}, 'added_tokens': [{'id': 2, 'content': '</s>'}]}");
    }

    @Test
    void theTemplatesFileWinsOverTheSettings() throws IOException {
        write("tokenizer_config.json", "{'chat_template': 'config'}");
        assertThat(read().chatTemplate()).isEqualTo("config");
        write("chat_template.jinja", "file é");
        assertThat(read().chatTemplate()).isEqualTo("file é");
    }

    @Test
    void ofSeveralTemplatesTheDefaultIsTaken() throws IOException {
        write(
                "tokenizer_config.json",
                "{'chat_template': [{'name': 'tool_use', 'template': 't'}, {'name': 'default', 'template': 'd'}]}");
        assertThat(read().chatTemplate()).isEqualTo("d");
        write("tokenizer_config.json", "{'chat_template': [{'name': 'tool_use', 'template': 't'}]}");
        assertThatThrownBy(this::read)
                .isInstanceOf(RunException.class)
                .hasMessageContaining("no template named default, only [tool_use]")
                .hasMessageContaining("data.chat_template");
    }

    @Test
    void specialTokensAreThoseOfTheSettings() throws IOException {
        write(
                "tokenizer_config.json",
                "{'bos_token': '<s>', 'eos_token': {'content': '</s>'}, 'pad_token': null, 'add_bos_token': true,"
                        + " 'added_tokens_decoder': {}}");
        write("special_tokens_map.json", "{'bos_token': 'a', 'unk_token': 'ignored'}");
        assertThat(read().specialTokens()).isEqualTo(Map.of("bos_token", "<s>", "eos_token", "</s>"));
        assertThat(read().eosTokenId()).isEqualTo(2);
    }

    @Test
    void inOlderFoldersTheMapGoesBefore() throws IOException {
        write("tokenizer_config.json", "{'bos_token': 'old', 'eos_token': '</s>'}");
        write("special_tokens_map.json", "{'bos_token': {'content': 'new'}, 'additional_special_tokens': ['x']}");
        assertThat(read().specialTokens()).isEqualTo(Map.of("bos_token", "new", "eos_token", "</s>"));
    }

    private TokenizerFiles read() throws IOException {
        return TokenizerFiles.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration());
    }

    private void write(String file, String text) throws IOException {
        Files.writeString(folder.resolve(file), file.endsWith(".json") ? text.replace('\'', '"') : text);
    }
}
