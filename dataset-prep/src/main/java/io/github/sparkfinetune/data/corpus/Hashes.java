package io.github.sparkfinetune.data.corpus;

import io.github.sparkfinetune.data.dataset.Seeds;

/** Hashes of pieces of a text. Two different pieces have equal hashes with a probability of about 2^-64. */
final class Hashes {
    /** An odd number, so that multiplication is a bijection. */
    static final long FACTOR = 0x9E3779B97F4A7C15L;

    private Hashes() {}

    /** Returns the hash of code points. */
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
