package io.github.sparkfinetune.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Folder of the reference numbers: {@code -Dgolden.dir=FOLDER}, or the copy among the test resources. */
public final class GoldenFolder {
    private GoldenFolder() {}

    public static Path root() {
        String folder = System.getProperty("golden.dir", "");
        return folder.isBlank() ? Path.of("src/test/resources/golden") : Path.of(folder);
    }

    public static JsonNode json(String file) throws IOException {
        return new ObjectMapper().readTree(root().resolve(file).toFile());
    }

    public static TokenizerFiles tokenizer(String name) throws IOException {
        return TokenizerFiles.read(
                new org.apache.hadoop.fs.Path(
                        root().resolve("tokenizers").resolve(name).toUri()),
                new org.apache.hadoop.conf.Configuration());
    }

    public static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt();
        }
        return values;
    }

    public static String textOrNull(JsonNode node) {
        return node.isNull() ? null : node.asText();
    }

    /** Returns the files of a tokenizer with only these values set. */
    public static TokenizerFiles tokenizer(String json, String sha256, int vocabulary, int modelVocabulary) {
        return new TokenizerFiles(
                TokenizerFiles.Texts.of(json),
                sha256,
                vocabulary,
                modelVocabulary,
                TokenizerFiles.SpecialTokens.of(Map.of()),
                true);
    }
}
