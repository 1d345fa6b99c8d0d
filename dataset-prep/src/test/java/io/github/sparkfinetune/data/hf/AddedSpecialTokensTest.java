package io.github.sparkfinetune.data.hf;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The files equal the files that {@code transformers} 4.57 saves after {@code add_special_tokens} on the same
 * tokenizer.
 */
class AddedSpecialTokensTest {
    private static final List<String> TOKENS = List.of("<tool>", "<|im_end|>", "a", "</tool>");
    private static final Path EXPECTED = Path.of("src/test/resources/added-tokens");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final TokenizerFiles added = GoldenFolder.tokenizer("bpe").withAddedSpecialTokens(TOKENS);

    AddedSpecialTokensTest() throws IOException {}

    @Test
    void writesTheFilesOfTransformers() throws IOException {
        JsonNode tokenizer = JSON.readTree(added.texts().json());
        assertThat(tokenizer.get("added_tokens")).isEqualTo(expected("added_tokens.json"));
        assertThat(JSON.readTree(added.texts().settings())).isEqualTo(expected("tokenizer_config.json"));
        assertThat(JSON.readTree(added.texts().specialTokensMap()).get("additional_special_tokens"))
                .isEqualTo(expected("special_tokens_map.json").get("additional_special_tokens"));
        ObjectNode rest = ((ObjectNode) tokenizer).without("added_tokens");
        ObjectNode before =
                (ObjectNode) JSON.readTree(GoldenFolder.tokenizer("bpe").texts().json());
        assertThat(rest).isEqualTo(before.without("added_tokens"));
    }

    private static JsonNode expected(String file) throws IOException {
        return JSON.readTree(EXPECTED.resolve(file).toFile());
    }

    @Test
    void addsNewTokensAboveTheVocabularyAndKeepsExistingIds() throws IOException {
        assertThat(added.vocabularySize()).isEqualTo(386);
        assertThat(added.sha256()).isNotEqualTo(GoldenFolder.tokenizer("bpe").sha256());
        try (TextTokenizer tokenizer = TextTokenizer.open(added)) {
            assertThat(tokenizer.encodePlain("<tool></tool><|im_end|>")).containsExactly(384, 385, 2);
            assertThat(tokenizer.decode(tokenizer.encodePlain("<tool>The<|im_end|>")))
                    .isEqualTo("The");
        }
    }

    @Test
    void readsWrittenFilesBackUnchanged(@TempDir Path folder) throws IOException {
        for (Map.Entry<String, String> file :
                added.withChatTemplate("{{ messages }}").files().entrySet()) {
            Files.writeString(folder.resolve(file.getKey()), file.getValue());
        }
        TokenizerFiles read = TokenizerFiles.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration());
        assertThat(read).isEqualTo(added.withChatTemplate("{{ messages }}"));
        assertThat(read.special().byRole())
                .containsEntry("eos_token", "<|im_end|>")
                .containsEntry("bos_token", "<|im_start|>");
        assertThat(read.special().eosId()).isEqualTo(2);
    }
}
