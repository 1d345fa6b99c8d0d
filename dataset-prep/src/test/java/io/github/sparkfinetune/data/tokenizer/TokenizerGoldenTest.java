package io.github.sparkfinetune.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.GoldenFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Token ids and types equal the reference, for every tokenizer folder and every case of the fixtures. */
class TokenizerGoldenTest {

    @TestFactory
    List<DynamicTest> givesTheReferenceEncodings() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        int number = 0;
        for (JsonNode golden : GoldenFolder.json("tokenizers/cases.json")) {
            tests.add(DynamicTest.dynamicTest("cases.json " + number++, () -> {
                Encoded encoded = encode(golden, Integer.MAX_VALUE);
                assertThat(encoded.inputIds()).isEqualTo(GoldenFolder.ints(golden.get("input_ids")));
                assertThat(encoded.tokenTypeIds()).isEqualTo(GoldenFolder.ints(golden.get("type_ids")));
                assertThat(encoded.truncated()).isFalse();
            }));
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }

    @TestFactory
    List<DynamicTest> truncatesAsTheReference() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        JsonNode file = GoldenFolder.json("text/classify.json");
        assertThat(file.get("truncation").asText()).isEqualTo("longest_first");
        int number = 0;
        for (JsonNode golden : file.get("cases")) {
            tests.add(DynamicTest.dynamicTest("classify.json " + number++, () -> {
                int[] ids = GoldenFolder.ints(golden.get("input_ids"));
                // transformers gives no types for a model without types; here they are zeros.
                JsonNode types = golden.get("token_type_ids");
                Encoded encoded = encode(golden, golden.get("max_length").asInt());
                assertThat(encoded.inputIds()).isEqualTo(ids);
                assertThat(encoded.tokenTypeIds())
                        .isEqualTo(types.isNull() ? new int[ids.length] : GoldenFolder.ints(types));
                assertThat(encoded.truncated())
                        .isEqualTo(encode(golden, Integer.MAX_VALUE).inputIds().length > ids.length);
            }));
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }

    @Test
    void everyTokenizerFolderHasCases() throws IOException {
        TreeSet<String> folders = new TreeSet<>();
        try (Stream<Path> entries = Files.list(GoldenFolder.root().resolve("tokenizers"))) {
            entries.filter(Files::isDirectory)
                    .forEach(folder -> folders.add(folder.getFileName().toString()));
        }
        TreeSet<String> named = new TreeSet<>();
        GoldenFolder.json("tokenizers/cases.json")
                .forEach(golden -> named.add(golden.get("tokenizer").asText()));
        assertThat(named).isEqualTo(folders);
    }

    private static Encoded encode(JsonNode golden, int maxLength) throws IOException {
        try (TextTokenizer tokenizer = TextTokenizer.open(
                GoldenFolder.tokenizer(golden.get("tokenizer").asText()))) {
            return tokenizer.encode(
                    golden.get("text").asText(), GoldenFolder.textOrNull(golden.get("pair")), maxLength);
        }
    }
}
