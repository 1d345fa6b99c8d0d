package io.github.sparkfinetune.data.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.GoldenFolder;
import io.github.sparkfinetune.data.hf.TokenizerFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;

/** Compares words found from ids with the words of the text. */
class WordBoundariesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    /** Returns the words that the tokens of a text show. */
    private static List<String> words(TokenizerFiles files, String text) throws IOException {
        WordBoundaries boundaries =
                WordBoundaries.of(JSON.readTree(files.texts().json())).orElseThrow();
        List<String> words = new ArrayList<>();
        try (TextTokenizer tokenizer = TextTokenizer.open(files)) {
            int[] ids = tokenizer.encodePlain(text);
            int from = 0;
            for (int i = 1; i <= ids.length; i++) {
                if (i == ids.length || !boundaries.continues(ids[i - 1], ids[i])) {
                    words.add(tokenizer.decode(Arrays.copyOfRange(ids, from, i)).strip());
                    from = i;
                }
            }
        }
        return words;
    }

    private static TokenizerFiles unigram() throws IOException {
        return TokenizerFiles.read(
                new org.apache.hadoop.fs.Path(
                        Path.of("src/test/resources/unigram").toUri()),
                new Configuration());
    }

    @Test
    void findsWordsOfWordPiece() throws IOException {
        assertThat(words(GoldenFolder.tokenizer("wordpiece"), "the licensee (hereinafter) can't redistribute it."))
                .containsExactly(
                        "the", "licensee", "(", "hereinafter", ")", "can", "'", "t", "redistribute", "it", ".");
    }

    @Test
    void findsWordsOfByteLevelTokens() throws IOException {
        assertThat(words(GoldenFolder.tokenizer("roberta"), "The licensee (hereinafter:\"we\") über 2024."))
                .as("bytes beyond ASCII are letters")
                .containsExactly(
                        "The", "licensee", "(", "hereinafter", ":", "\"", "we", "\"", ")", "über", "2024", ".");
    }

    @Test
    void findsWordsOfSentencePieceTokens() throws IOException {
        // A lone mark belongs to the word behind it.
        assertThat(words(unigram(), "the license of this software, all copies"))
                .containsExactly("the", "license", "of", "this", "software", ",", "all", "copies");
    }

    @Test
    void treatsAddedTokensAsWordsAndRejectsOtherVocabularies() throws IOException {
        JsonNode file = JSON.readTree("""
                {"model": {"type": "WordPiece", "vocab": {"a": 0, "##b": 1, "##c": 2}},
                 "added_tokens": [{"id": 2, "content": "##c"}]}""");
        WordBoundaries boundaries = WordBoundaries.of(file).orElseThrow();
        assertThat(boundaries.continues(0, 1)).isTrue();
        assertThat(boundaries.continues(1, 1)).isTrue();
        assertThat(boundaries.continues(1, 0)).isFalse();
        assertThat(boundaries.continues(1, 2)).isFalse();
        assertThat(boundaries.continues(2, 1)).isFalse();
        assertThat(WordBoundaries.of(JSON.readTree("{\"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0}}}")))
                .isEmpty();
    }

    @Test
    void ideographsAreWords() throws IOException {
        JsonNode file = JSON.readTree("""
                {"model": {"type": "Unigram", "vocab": [["▁", 0], ["▁a", 0], ["b", 0], ["法", 0], ["é", 0], [",", 0]]},
                 "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Metaspace"}]}}""");
        WordBoundaries boundaries = WordBoundaries.of(file).orElseThrow();
        assertThat(boundaries.continues(1, 2)).isTrue();
        assertThat(boundaries.continues(2, 4)).isTrue();
        assertThat(boundaries.continues(2, 3)).isFalse();
        assertThat(boundaries.continues(3, 3)).isFalse();
        assertThat(boundaries.continues(3, 2)).isFalse();
        assertThat(boundaries.continues(0, 2)).isTrue();
        assertThat(boundaries.continues(0, 3)).isFalse();
        assertThat(boundaries.continues(2, 5)).isFalse();
        assertThat(boundaries.continues(2, 1)).isFalse();
    }
}
