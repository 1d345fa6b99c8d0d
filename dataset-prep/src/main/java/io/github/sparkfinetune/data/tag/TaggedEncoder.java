package io.github.sparkfinetune.data.tag;

import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.dataset.Window;
import io.github.sparkfinetune.data.tokenizer.Encoded;
import io.github.sparkfinetune.data.tokenizer.TextTokenizer;
import io.github.sparkfinetune.data.tokenizer.TokenSpans;
import io.github.sparkfinetune.data.tokenizer.TokenWindows;
import io.github.sparkfinetune.data.tokenizer.WordTokens;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Encodes words as samples. The first token of a word has the word's label, its other tokens {@value Sample#IGNORED},
 * as in the examples of {@code transformers}. A word without tokens has no label.
 *
 * <p>A list of words is tokenized with {@code is_split_into_words=True}. A text is tokenized as a whole, and a token
 * belongs to the word in which its first character lies. A longer row is cut into overlapping windows; one window has a
 * word's label, the others {@value Sample#IGNORED}. Not for concurrent use.
 */
public final class TaggedEncoder {
    private final TextTokenizer tokenizer;
    private final int maxLength;
    private final int overlap;

    /**
     * @param maxLength most tokens of a sample, special tokens included
     * @param overlap tokens that two neighbouring windows share
     */
    public TaggedEncoder(TextTokenizer tokenizer, int maxLength, int overlap) {
        this.tokenizer = tokenizer;
        this.maxLength = maxLength;
        this.overlap = overlap;
    }

    /**
     * Returns the windows of a row. The {@link Window#row} of the first window holds the words with a label, in order,
     * as {@link Words#parse} reads them. The labels in the windows have the same order.
     *
     * @param labels id of each word's label
     * @return no window if no word has a token
     */
    public List<Sample> encode(TaggedWords row, int[] labels) {
        Tokens tokens = row.isSplit() ? split(row.words()) : whole(row.words());
        int[] known = IntStream.range(0, labels.length)
                .filter(word -> tokens.firsts[word] >= 0)
                .toArray();
        if (known.length == 0) {
            return List.of();
        }
        Words words = new Words(row.words().text(), pick(row.words().starts(), known), pick(tokens.ends, known));
        int[] firsts = pick(tokens.firsts, known);
        TokenWindows windows = new TokenWindows(tokens.inputIds.length, maxLength - tokenizer.specialTokens(), overlap);
        int[] ofWords = windows.ofWords(firsts);
        List<Sample> samples = new ArrayList<>();
        int word = 0;
        for (int number = 0; number < windows.count(); number++) {
            int start = windows.start(number);
            Encoded encoded =
                    tokenizer.withSpecialTokens(Arrays.copyOfRange(tokens.inputIds, start, windows.end(number)));
            int[] tokenLabels = new int[encoded.inputIds().length];
            Arrays.fill(tokenLabels, Sample.IGNORED);
            for (; word < known.length && ofWords[word] == number; word++) {
                tokenLabels[tokenizer.specialTokensBefore() + firsts[word] - start] = labels[known[word]];
            }
            samples.add(new Sample(0, encoded.inputIds(), encoded.tokenTypeIds(), -1)
                    .withLabels(tokenLabels)
                    .with(new Window(number, new int[0], new int[0], number == 0 ? words.toJson() : "")));
        }
        return samples;
    }

    /**
     * Tokens of a row.
     *
     * @param firsts first token of each word, -1 for a word without tokens
     * @param ends end of each word in the text; later if the word's last token ends later
     */
    private record Tokens(int[] inputIds, int[] firsts, int[] ends) {
        static Tokens of(int[] inputIds, Words words) {
            int[] firsts = new int[words.size()];
            Arrays.fill(firsts, -1);
            return new Tokens(inputIds, firsts, words.ends().clone());
        }

        void add(int token, int word) {
            firsts[word] = firsts[word] < 0 ? token : firsts[word];
        }
    }

    private Tokens split(Words words) {
        WordTokens encoded = tokenizer.encodeWords(words.list());
        Tokens tokens = Tokens.of(encoded.inputIds(), words);
        for (int token = 0; token < encoded.wordIds().length; token++) {
            tokens.add(token, encoded.wordIds()[token]);
        }
        return tokens;
    }

    private Tokens whole(Words words) {
        TokenSpans encoded = tokenizer.encodeWithSpans(words.text());
        Tokens tokens = Tokens.of(encoded.inputIds(), words);
        int word = 0;
        for (int token = 0; token < encoded.inputIds().length; token++) {
            // Finds the first word that does not end before the token begins; only white space lies between words.
            while (word < words.size() && words.ends()[word] <= encoded.starts()[token]) {
                word++;
            }
            if (word < words.size() && words.starts()[word] < encoded.ends()[token]) {
                tokens.add(token, word);
                tokens.ends[word] = Math.max(tokens.ends[word], encoded.ends()[token]);
            }
        }
        return tokens;
    }

    private static int[] pick(int[] values, int[] indices) {
        return Arrays.stream(indices).map(place -> values[place]).toArray();
    }
}
