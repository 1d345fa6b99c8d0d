package io.github.sparkfinetune.data.corpus;

/**
 * Keys of a text's n-grams, in order, to find text that two documents share: 128 bits for each run of n words of
 * {@link WordHashes}, so that equal keys mean equal words.
 *
 * @param first upper halves
 * @param second lower halves
 */
public record NgramKeys(long[] first, long[] second) {
    /** As {@link WordHashes}' own base: any odd number of well-mixed bits. */
    private static final long OTHER_BASE = 0xD6E8FEB86659FD93L;

    /** Those of a text; none where it has fewer than n words. */
    public static NgramKeys of(String text, int n) {
        long[] words = WordHashes.of(text);
        return new NgramKeys(WordHashes.runs(words, n), WordHashes.runs(words, n, OTHER_BASE));
    }

    /** Number of n-grams. */
    public int size() {
        return first.length;
    }
}
