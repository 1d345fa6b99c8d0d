package io.github.sparkfinetune.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TextTokenizerTest {
    private static final String[] PIECES = {
        " ",
        " ",
        " ",
        "  ",
        "\n",
        "\r\n",
        "\t",
        "\u00A0",
        "\u3000",
        "\u200B",
        "\u0085",
        "a",
        "license",
        "The",
        "don't",
        "'s",
        "I'LL",
        ",",
        ".",
        "...",
        "--",
        "(",
        "$",
        "42",
        "3.14",
        "\u00E9t\u00E9",
        "e\u0301",
        "\u0301",
        "\u0345",
        "\u03A3",
        "\u0130",
        "\uFB01",
        "\u4E2D\u6587",
        "\uD83D\uDE00",
        "\u0915\u094D\u0937",
        "\uAC00",
        "\u1112\u1161",
        "[SEP]",
        "[MASK]",
        "<mask>",
        "</s>",
        "<|im_end|>",
        "supercalifragilisticexpialidocious",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    };

    /** Compares the tokens of the pieces with the library's tokens of the whole text. */
    @ParameterizedTest
    @ValueSource(strings = {"wordpiece", "roberta", "bpe", "digits"})
    void encodesPiecesAsTheWholeText(String name) throws IOException {
        TokenizerFiles files = name.equals("digits") ? splittingDigits() : GoldenFolder.tokenizer(name);
        Random random = new Random(1);
        long whole =
                TokenizersLibrary.LIB.createTokenizerFromString(files.texts().json());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            int special = tokenizer.encode("", null, 100).inputIds().length;
            int before = special == 0 ? 0 : 1;
            for (int round = 0; round < 3000; round++) {
                StringBuilder text = new StringBuilder();
                for (int i = random.nextInt(40); i >= 0; i--) {
                    text.append(PIECES[random.nextInt(PIECES.length)]);
                }
                int[] expected = encodeWhole(whole, text.toString());
                Encoded encoded = tokenizer.encode(text.toString(), null, Integer.MAX_VALUE);
                assertThat(Arrays.copyOfRange(encoded.inputIds(), before, before + expected.length))
                        .as(text.toString())
                        .isEqualTo(expected);
                assertThat(encoded.inputIds()).hasSize(expected.length + special);
                int kept = random.nextInt(expected.length + 1);
                Encoded cut = tokenizer.encode(text.toString(), null, kept + special);
                assertThat(Arrays.copyOfRange(cut.inputIds(), before, before + kept))
                        .isEqualTo(Arrays.copyOf(expected, kept));
                assertThat(cut.inputIds()).hasSize(kept + special);
                assertThat(cut.truncated()).isEqualTo(kept < expected.length);
            }
        } finally {
            TokenizersLibrary.LIB.deleteTokenizer(whole);
        }
    }

    /** Compares the tokens of single words with the library's tokens of the list. */
    @ParameterizedTest
    @ValueSource(strings = {"wordpiece", "roberta", "prefix", "bpe"})
    void encodesWordsAsTheWholeList(String name) throws IOException {
        TokenizerFiles files = GoldenFolder.tokenizer(name.equals("prefix") ? "roberta" : name);
        files = name.equals("prefix") ? files.withPrefixSpace() : files;
        Random random = new Random(2);
        long whole =
                TokenizersLibrary.LIB.createTokenizerFromString(files.texts().json());
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            for (int round = 0; round < 300; round++) {
                String[] words = new String[1 + random.nextInt(20)];
                Arrays.setAll(
                        words, i -> PIECES[random.nextInt(PIECES.length)] + PIECES[random.nextInt(PIECES.length)]);
                long encoding = TokenizersLibrary.LIB.encodeList(whole, words, false);
                try {
                    WordTokens tokens = tokenizer.encodeWords(List.of(words));
                    assertThat(Arrays.stream(tokens.inputIds()).asLongStream().toArray())
                            .as(Arrays.toString(words))
                            .isEqualTo(TokenizersLibrary.LIB.getTokenIds(encoding));
                    assertThat(Arrays.stream(tokens.wordIds()).asLongStream().toArray())
                            .isEqualTo(TokenizersLibrary.LIB.getWordIds(encoding));
                } finally {
                    TokenizersLibrary.LIB.deleteEncoding(encoding);
                }
            }
        } finally {
            TokenizersLibrary.LIB.deleteTokenizer(whole);
        }
    }

    /** Compares with {@code AutoTokenizer.from_pretrained(folder, add_prefix_space=True)} of transformers 4.57. */
    @Test
    void byteLevelTokenizersPutASpaceBeforeEachWord() throws IOException {
        TokenizerFiles files = GoldenFolder.tokenizer("roberta").withPrefixSpace();
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            WordTokens tokens =
                    tokenizer.encodeWords(List.of("Copyright", "(c)", "don't", "", "\u00e9", "a b", " x", "The"));
            assertThat(tokens.inputIds())
                    .containsExactly(
                            304, 356, 373, 71, 13, 292, 263, 11, 88, 225, 132, 107, 262, 320, 225, 92, 350, 76, 73);
            assertThat(tokens.wordIds()).containsExactly(0, 0, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 5, 5, 6, 6, 7, 7, 7);
            assertThat(tokenizer
                            .withSpecialTokens(tokenizer.encodePlain("The license"))
                            .inputIds())
                    .containsExactly(0, 350, 76, 73, 362, 312, 284, 315, 2);
            assertThat(tokenizer.specialTokens()).isEqualTo(2);
            assertThat(tokenizer.specialTokensBefore()).isEqualTo(1);
        }
        assertThat(files.texts().settings()).contains("\"add_prefix_space\": true");
        assertThat(files.texts().json()).doesNotContain("\"add_prefix_space\": false");
        assertThat(files.withPrefixSpace()).isEqualTo(files);
        TokenizerFiles wordPiece = GoldenFolder.tokenizer("wordpiece");
        assertThat(wordPiece.withPrefixSpace()).isEqualTo(wordPiece);
    }

    /** Returns a tokenizer that splits off digits, as SmolLM2's does. */
    private static TokenizerFiles splittingDigits() throws IOException {
        String json = GoldenFolder.tokenizer("bpe").texts().json();
        String split = json.replaceFirst(
                "(?s)(\"pre_tokenizer\":\\s*)(\\{.*?\\})",
                "$1{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Digits\", \"individual_digits\": true}, $2]}");
        assertThat(split).contains("Digits");
        return GoldenFolder.tokenizer(split, "cafe", 384, 384);
    }

    private static int[] encodeWhole(long tokenizer, String text) {
        long encoding = TokenizersLibrary.LIB.encode(tokenizer, text, false);
        try {
            return Arrays.stream(TokenizersLibrary.LIB.getTokenIds(encoding))
                    .mapToInt(Math::toIntExact)
                    .toArray();
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    @Test
    void ignoresTruncationAndPaddingOfTheFile(@TempDir Path folder) throws IOException {
        String json = Files.readString(GoldenFolder.root().resolve("tokenizers/wordpiece/tokenizer.json"));
        String limited = json.replaceFirst(
                        "\"truncation\":\\s*null",
                        "\"truncation\": {\"direction\": \"Right\", \"max_length\": 8, \"strategy\": \"LongestFirst\","
                                + " \"stride\": 0}")
                .replaceFirst(
                        "\"padding\":\\s*null",
                        "\"padding\": {\"strategy\": {\"Fixed\": 64}, \"direction\": \"Right\", \"pad_to_multiple_of\":"
                                + " null, \"pad_id\": 0, \"pad_type_id\": 0, \"pad_token\": \"[PAD]\"}");
        assertThat(limited).contains("\"max_length\": 8").contains("Fixed");
        Files.writeString(folder.resolve("tokenizer.json"), limited);
        TokenizerFiles files = TokenizerFiles.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration());
        String text = "one two three four five six seven eight nine ten";
        try (TextTokenizer tokenizer = TextTokenizer.open(files);
                TextTokenizer plain = TextTokenizer.open(GoldenFolder.tokenizer("wordpiece"))) {
            assertThat(tokenizer.encode(text, null, 512).inputIds())
                    .isEqualTo(plain.encode(text, null, 512).inputIds())
                    .hasSizeBetween(12, 63);
        }
    }

    @Test
    void readsPaddingVocabularyAndTypesFromTheModelFolder(@TempDir Path folder) throws IOException {
        TokenizerFiles roberta = GoldenFolder.tokenizer("roberta");
        assertThat(roberta.special().padId()).isEqualTo(1);
        assertThat(roberta.sha256()).hasSize(64);
        int tokens = GoldenFolder.json("tokenizers/roberta/vocab.json").size();
        assertThat(roberta.vocabularySize()).isGreaterThanOrEqualTo(tokens);

        Files.copy(GoldenFolder.root().resolve("tokenizers/bpe/tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("config.json"), "{\"type_vocab_size\": 1, \"pad_token_id\": 7}");
        TokenizerFiles oneType =
                TokenizerFiles.read(new org.apache.hadoop.fs.Path(folder.toUri()), new Configuration());
        assertThat(oneType.special().padId()).isEqualTo(7);
        try (TextTokenizer tokenizer = TextTokenizer.open(oneType)) {
            assertThat(tokenizer.encode("a", "b", 10).tokenTypeIds()).containsOnly(0);
        }
    }

    @Test
    void refusesAFolderWithAMissingOrDamagedTokenizer(@TempDir Path folder) throws IOException {
        org.apache.hadoop.fs.Path model = new org.apache.hadoop.fs.Path(folder.toUri());
        assertRefused(() -> TokenizerFiles.read(model, new Configuration()), "tokenizer.json does not exist");
        Files.writeString(folder.resolve("tokenizer.json"), "{\"model\": {\"vocab\": {\"a\"");
        assertRefused(() -> TokenizerFiles.read(model, new Configuration()), "tokenizer.json is not JSON");
        Files.writeString(
                folder.resolve("tokenizer.json"), "{\"model\": {\"type\": \"Nonsense\", \"vocab\": {\"a\": 0}}}");
        TokenizerFiles files = TokenizerFiles.read(model, new Configuration());
        assertRefused(() -> TextTokenizer.open(files).close(), "tokenizer.json cannot be loaded");
    }

    private static void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        RunException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCode.DATA))
                .hasMessageContaining(message);
    }

    @Test
    void refusesATokenizerThatDoesNotFitTheModel() {
        TokenizerFiles files = GoldenFolder.tokenizer("{}", "cafe", 101, 100);
        assertRefused(
                () -> files.requireFits("models/mini"), "tokenizer.json has 101 tokens, config.json vocab_size is 100");
        TokenizerFiles fits = GoldenFolder.tokenizer("{}", "cafe", 100, 100);
        fits.requireFits("models/mini");
    }

    @Test
    void djlIsOffline() {
        Offline.ensure();
        assertThat(System.getProperty("ai.djl.offline")).isEqualTo("true");
    }
}
