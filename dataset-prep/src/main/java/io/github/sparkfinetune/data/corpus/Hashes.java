package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.data.dataset.Seeds;

/** Hashes of pieces of a text: of two different pieces they are equal with a chance of about 2^-64. */
final class Hashes {
    /** An odd number: products with it lose nothing. */
    static final long FACTOR = 0x9E3779B97F4A7C15L;

    private Hashes() {}

    /** The hash of code points. */
    static long of(int[] text, int from, int to) {
        long hash = (long) to - from;
        for (int i = from; i < to; i++) {
            hash = next(hash, text[i]);
        }
        return Seeds.mix(hash);
    }

    static long of(String text) {
        int[] codePoints = text.codePoints().toArray();
        return of(codePoints, 0, codePoints.length);
    }

    private static long next(long hash, int codePoint) {
        return (hash ^ codePoint) * FACTOR;
    }
}
