package io.github.sparkfinetune.data.tag;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TaggedEncoderTest {
    private static final String[] PIECES = {
        "license",
        "The",
        "don't",
        "U.S.",
        "\u200b",
        "\u4e2d\u6587",
        "\ud83d\ude00",
        "...",
        "$5,",
        "re-use",
        "\u00e9t\u00e9",
        "x"
    };

    private static TextTokenizer open(String name) throws IOException {
        TokenizerFiles files = GoldenFolder.tokenizer(name);
        return TextTokenizer.open(files.withPrefixSpace());
    }

    /** Checks on random texts that each word has its label in exactly one window, in order. */
    @ParameterizedTest
    @ValueSource(strings = {"wordpiece", "roberta"})
    void labelsEveryWordOnce(String name) throws IOException {
        Random random = new Random(3);
        try (TextTokenizer tokenizer = open(name)) {
            for (int round = 0; round < 300; round++) {
                List<String> pieces = new ArrayList<>();
                for (int i = random.nextInt(40); i >= 0; i--) {
                    pieces.add(PIECES[random.nextInt(PIECES.length)]);
                }
                boolean split = random.nextBoolean();
                Words words = split ? Words.joined(pieces) : Words.found(String.join(" ", pieces));
                int[] labels = IntStream.range(0, words.size()).toArray();
                int maxLength = 8 + random.nextInt(30);
                int overlap = random.nextInt(maxLength - 2);
                List<Sample> windows = new TaggedEncoder(tokenizer, maxLength, overlap)
                        .encode(new TaggedWords(words, List.of(), split), labels);
                if (windows.isEmpty()) {
                    assertThat(words.list()).containsOnly("\u200b");
                    continue;
                }
                int[] found = windows.stream()
                        .flatMapToInt(window -> Arrays.stream(window.labels()))
                        .filter(label -> label != Sample.IGNORED)
                        .toArray();
                assertThat(found).isSorted().doesNotHaveDuplicates();
                Words known = Words.parse(windows.get(0).window().row());
                assertThat(known.size()).isEqualTo(found.length);
                assertThat(known.text()).isEqualTo(words.text());
                for (int i = 0; i < found.length; i++) {
                    assertThat(known.starts()[i]).isEqualTo(words.starts()[found[i]]);
                    assertThat(known.ends()[i]).isGreaterThanOrEqualTo(words.ends()[found[i]]);
                }
                for (int number = 0; number < windows.size(); number++) {
                    assertThat(windows.get(number).window().number()).isEqualTo(number);
                    assertThat(windows.get(number).length()).isLessThanOrEqualTo(maxLength);
                    assertThat(windows.get(number).window().row().isEmpty()).isEqualTo(number > 0);
                }
                if (split) {
                    continue;
                }
                // A single long window has the tokenizer's tokens of the whole text.
                Sample whole = new TaggedEncoder(tokenizer, 10_000, 0)
                        .encode(new TaggedWords(words, List.of(), false), labels)
                        .get(0);
                assertThat(whole.inputIds())
                        .isEqualTo(tokenizer.encode(words.text(), null, 10_000).inputIds());
            }
        }
    }

    @Test
    void assignsATokenToTheWordOfItsFirstCharacter() throws IOException {
        try (TextTokenizer tokenizer = open("roberta")) {
            Words words = Words.found("see ... (c)");
            assertThat(words.list()).containsExactly("see", ".", ".", ".", "(", "c", ")");
            Sample sample = new TaggedEncoder(tokenizer, 64, 0)
                    .encode(new TaggedWords(words, List.of(), false), new int[] {0, 1, 2, 3, 4, 5, 6})
                    .get(0);
            Words known = Words.parse(sample.window().row());
            // Byte-level BPE may merge characters into a token like "..." or "(c"; a word without a token of its own
            // has no label.
            assertThat(Arrays.stream(sample.labels())
                            .filter(label -> label >= 0)
                            .count())
                    .isEqualTo(known.size());
            assertThat(String.join("", known.list())).isEqualTo("see...(c)");
        }
    }

    @Test
    void givesNoSampleForARowWithoutTokens() throws IOException {
        try (TextTokenizer tokenizer = open("wordpiece")) {
            TaggedWords row = new TaggedWords(Words.joined(List.of("\u200b", "")), List.of("O", "O"), true);
            assertThat(new TaggedEncoder(tokenizer, 16, 4).encode(row, new int[2]))
                    .isEmpty();
        }
    }
}
