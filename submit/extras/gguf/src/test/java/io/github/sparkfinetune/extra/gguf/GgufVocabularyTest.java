package io.github.sparkfinetune.extra.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A tokenizer trained by SentencePiece gets the keys that llama.cpp's converter makes of SentencePiece's own file. */
class GgufVocabularyTest {
    private static final int ROWS = 468;

    @TempDir
    Path temp;

    private Path folder;

    @BeforeEach
    void copy() throws IOException {
        folder = Files.createDirectory(temp.resolve("tokenizer"));
        for (String file : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(golden(file), folder.resolve(file));
        }
    }

    private static Path golden(String file) {
        return Path.of("extras/gguf/src/test/resources/golden/pieces", file);
    }

    private Map<String, Object> written() throws IOException {
        GgufMetadata metadata = new GgufMetadata();
        new GgufVocabulary("tiny", files()).put(metadata, ROWS);
        Path file = temp.resolve("vocabulary.gguf");
        try (OutputStream out = Files.newOutputStream(file)) {
            GgufWriter.write(out, metadata, List.of());
        }
        return GgufFile.read(file).metadata();
    }

    private TokenizerFiles files() throws IOException {
        return TokenizerFiles.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration(false));
    }

    @Test
    void writesTheScoresOfSentencePiece() throws IOException {
        Map<String, Object> actual = written();
        Map<String, Object> expected =
                new TreeMap<>(GgufFile.read(golden("vocabulary.gguf")).metadata());
        expected.keySet().removeIf(key -> !key.startsWith("tokenizer."));
        List<?> scores = (List<?>) expected.remove("tokenizer.ggml.scores");
        // The model's configuration names a padding token; no model of these families has a separator.
        expected.remove("tokenizer.ggml.padding_token_id");
        expected.remove("tokenizer.ggml.add_sep_token");
        assertThat(actual).containsAllEntriesOf(expected).containsEntry("tokenizer.ggml.add_space_prefix", true);

        List<?> tokens = (List<?>) actual.get("tokenizer.ggml.tokens");
        List<?> found = (List<?>) actual.get("tokenizer.ggml.scores");
        int merged = 0;
        for (int id = 0; id < ROWS; id++) {
            boolean isMerged = tokens.get(id).toString().length() > 1 && (Float) scores.get(id) > -1000;
            if (isMerged) {
                assertThat(found.get(id)).as(tokens.get(id).toString()).isEqualTo(scores.get(id));
                merged++;
            }
        }
        assertThat(merged).isGreaterThan(256 + 100);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"h e\", | '' | form a token, but are no merge",
                "\"h e\" | \"h e\", \"▁ ▁\" | are not adjacent",
                "\"id\": \"<s>\", \"type_id\": 0}}, {\"Sequence\" | \"id\": \"</s>\", \"type_id\": 0}}, {\"Sequence\" |"
                        + " adds other tokens than bos_token",
                "\"byte_fallback\": true | \"byte_fallback\": false | llama.cpp has no known tokenizer",
            })
    void refusesTokenizersThatScoresCannotExpress(String from, String to, String message) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        String text = Files.readString(file).replaceAll("\\[\"([^\"\\[\\]]+)\", \"([^\"\\[\\]]+)\"\\]", "\"$1 $2\"");
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
        assertThatThrownBy(() -> new GgufVocabulary("tiny", files()))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith("tiny: ")
                .hasMessageContaining(message);
    }
}
