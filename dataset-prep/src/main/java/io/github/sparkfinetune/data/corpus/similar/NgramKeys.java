package io.github.sparkfinetune.data.corpus.similar;

/**
 * Keys of a text's n-grams, in order, which find text that two documents share. A key has 128 bits for each run of n
 * words of {@link WordHashes}, so equal keys mean equal words.
 *
 * @param first upper halves of the keys
 * @param second lower halves of the keys
 */
public record NgramKeys(long[] first, long[] second) {
    /** Base of the second hash: like the base in {@link WordHashes}, any odd number of well-mixed bits. */
    private static final long OTHER_BASE = 0xD6E8FEB86659FD93L;

    /** Returns the keys of a text; none if the text has fewer than n words. */
    public static NgramKeys of(String text, int n) {
        long[] words = WordHashes.of(text);
        return new NgramKeys(WordHashes.runs(words, n), WordHashes.runs(words, n, OTHER_BASE));
    }

    /** Returns the number of n-grams. */
    public int size() {
        return first.length;
    }
}
