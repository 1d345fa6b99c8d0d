package io.github.sparkfinetune.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compares a Unigram tokenizer in the layout of XLM-RoBERTa's with {@code transformers}, see {@code make_unigram.py}.
 */
class UnigramTest {
    private static final Path REFERENCE = Path.of("src/test/resources/unigram");

    @TempDir
    private Path folder;

    private TokenizerFiles files() throws IOException {
        for (String file : new String[] {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"}) {
            Files.copy(REFERENCE.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("config.json"), "{\"type_vocab_size\": 1, \"pad_token_id\": 1}");
        return TokenizerFiles.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration());
    }

    @Test
    void givesTheReferenceIdsPairsAndRoles() throws IOException {
        JsonNode reference =
                new ObjectMapper().readTree(REFERENCE.resolve("cases.json").toFile());
        TokenizerFiles files = files();
        assertThat(files.vocabularySize())
                .isEqualTo(reference.path("vocabulary").asInt());
        assertThat(files.special().padId())
                .isEqualTo(reference.path("pad_token_id").asInt());
        assertThat(files.special().eosId())
                .isEqualTo(reference.path("eos_token_id").asInt());
        Map<String, String> roles = new TreeMap<>();
        reference
                .path("special_tokens")
                .fields()
                .forEachRemaining(
                        role -> roles.put(role.getKey(), role.getValue().asText()));
        assertThat(files.special().byRole()).isEqualTo(roles);

        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            for (JsonNode expected : reference.path("cases")) {
                String text = expected.path("text").asText();
                Encoded encoded =
                        tokenizer.encode(text, GoldenFolder.textOrNull(expected.path("pair")), Integer.MAX_VALUE);
                assertThat(encoded.inputIds()).as(text).isEqualTo(GoldenFolder.ints(expected.path("input_ids")));
                assertThat(encoded.tokenTypeIds()).containsOnly(0);
                assertThat(tokenizer.decode(encoded.inputIds()))
                        .isEqualTo(expected.path("decoded_plain").asText());
            }
        }
    }
}
