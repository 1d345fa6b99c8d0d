package io.github.sparkfinetune.data.tag;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.data.tokenizer.WordTokens;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Token ids, words and labels equal the reference in every case. */
class NerGoldenTest {

    @TestFactory
    List<DynamicTest> encodesAsTheReference() throws IOException {
        JsonNode file = GoldenFolder.json("text/ner.json");
        String tokenizer = file.get("tokenizer").asText();
        List<String> labels = texts(file.get("label_list"));
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode golden : file.get("cases")) {
            tests.add(DynamicTest.dynamicTest("ner.json " + tests.size(), () -> {
                try (TextTokenizer open = TextTokenizer.open(GoldenFolder.tokenizer(tokenizer))) {
                    compare(golden, open, labels);
                }
            }));
        }
        assertThat(tests).isNotEmpty();
        return tests;
    }

    /** The reference truncates. Here the rest is in further windows, which share the words at the seam. */
    private static void compare(JsonNode golden, TextTokenizer tokenizer, List<String> names)
            throws UnusableRowException {
        List<String> words = texts(golden.get("words"));
        List<String> tags = texts(golden.get("tags"));
        // The reference has IOB2 already.
        assertThat(Iob2.of(tags)).isEqualTo(tags);
        int[] ids = GoldenFolder.ints(golden.get("input_ids"));
        int[] labels = GoldenFolder.ints(golden.get("labels"));
        int maxLength = golden.get("max_length").asInt();
        List<Sample> windows = new TaggedEncoder(tokenizer, maxLength, maxLength / 3)
                .encode(
                        new TaggedWords(Words.joined(words), tags, true),
                        tags.stream().mapToInt(names::indexOf).toArray());
        assertThat(windows.get(0).inputIds()).isEqualTo(ids);
        WordTokens tokens = tokenizer.encodeWords(words);
        for (int token = 1; token < ids.length - 1; token++) {
            JsonNode word = golden.get("word_ids").get(token);
            assertThat(tokens.wordIds()[token - 1]).isEqualTo(word.asInt());
        }
        int[] actual = windows.get(0).labels().clone();
        if (windows.size() > 1) {
            int shared = maxLength - 2 - maxLength / 3;
            int[] next = windows.get(1).labels();
            for (int token = 1 + shared; token < ids.length - 1; token++) {
                int there = next[token - shared];
                assertThat(actual[token] == Sample.IGNORED || there == Sample.IGNORED)
                        .isTrue();
                actual[token] = Math.max(actual[token], there);
            }
        }
        assertThat(actual).isEqualTo(labels);
        assertThat(windows.stream()
                        .flatMapToInt(window -> Arrays.stream(window.labels()))
                        .filter(label -> label >= 0))
                .hasSize((int) Arrays.stream(tokens.wordIds()).distinct().count());
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asText()));
        return texts;
    }
}
