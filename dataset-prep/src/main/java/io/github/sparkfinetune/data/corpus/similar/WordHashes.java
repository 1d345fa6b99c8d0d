package io.github.sparkfinetune.data.corpus.similar;

import io.github.sparkfinetune.data.dataset.Seeds;
import java.util.Arrays;

/**
 * Words of a text, and runs of words, as 64-bit hashes.
 *
 * <p>A word is a maximal run of letters, digits, combining marks and underscores, in lower case. All other characters
 * separate words. This is the normalisation of text-dedup and of GPT-3's decontamination, extended to all of Unicode:
 * punctuation and white space do not matter, numbers do. An ideograph is a word by itself, as it is a token in BERT's
 * tokenizers, because Chinese has no blanks between words.
 */
public final class WordHashes {
    private static final long FNV_OFFSET = 0xCBF29CE484222325L;
    private static final long FNV_PRIME = 0x100000001B3L;
    /** Base of the polynomial that hashes a run of words: any odd number of well-mixed bits. */
    private static final long BASE = 0x9FB21C651E98DF25L;

    private static final int ASCII = 128;
    /** ASCII characters in lower case; 0 for a character that separates words. */
    private static final char[] ASCII_WORDS = new char[ASCII];

    static {
        for (char c = 0; c < ASCII; c++) {
            ASCII_WORDS[c] = Character.isLetterOrDigit(c) || c == '_' ? Character.toLowerCase(c) : 0;
        }
    }

    private WordHashes() {}

    /** Returns the hashes of a text's words, in order. */
    public static long[] of(String text) {
        long[] words = new long[text.length() / 6 + 8];
        int size = 0;
        long word = 0;
        int at = 0;
        while (at <= text.length()) {
            int raw = at < text.length() ? text.codePointAt(at) : ' ';
            at += Character.charCount(raw);
            int lower = raw < ASCII ? ASCII_WORDS[raw] : lower(raw);
            boolean alone = raw >= ASCII && Character.isIdeographic(raw);
            if (word != 0 && (lower == 0 || alone)) {
                words = room(words, size);
                words[size++] = Seeds.mix(word);
                word = 0;
            }
            if (alone) {
                words = room(words, size);
                words[size++] = Seeds.mix((FNV_OFFSET ^ lower) * FNV_PRIME);
            } else if (lower != 0) {
                word = ((word == 0 ? FNV_OFFSET : word) ^ lower) * FNV_PRIME;
            }
        }
        return Arrays.copyOf(words, size);
    }

    private static long[] room(long[] words, int size) {
        return size < words.length ? words : Arrays.copyOf(words, 2 * size);
    }

    private static int lower(int codePoint) {
        if (Character.isLetterOrDigit(codePoint)) {
            return Character.toLowerCase(codePoint);
        }
        int type = Character.getType(codePoint);
        return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK ? codePoint : 0;
    }

    /**
     * Returns the hashes of all runs of n words, in order, with repetitions. A text of fewer words has none.
     *
     * @param words hashes of the words
     */
    public static long[] runs(long[] words, int n) {
        return runs(words, n, BASE);
    }

    static long[] runs(long[] words, int n, long base) {
        if (words.length < n) {
            return new long[0];
        }
        long highest = 1;
        for (int i = 1; i < n; i++) {
            highest *= base;
        }
        long[] runs = new long[words.length - n + 1];
        long run = 0;
        for (int i = 0; i < words.length; i++) {
            run = (i < n ? run : run - words[i - n] * highest) * base + words[i];
            if (i >= n - 1) {
                runs[i - n + 1] = Seeds.mix(run);
            }
        }
        return runs;
    }
}
