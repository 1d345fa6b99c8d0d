package io.github.sparkfinetune.data.corpus.similar;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Set of a text's shingles: runs of n words of {@link WordHashes}. As bytes the set is its distinct hashes in ascending
 * order, 8 bytes each, big-endian. The set of a text of fewer than n words is empty.
 */
public final class Shingles {
    private Shingles() {}

    /** Returns the shingles of a text, distinct and ascending. */
    public static long[] of(String text, int n) {
        long[] sorted = WordHashes.runs(WordHashes.of(text), n);
        Arrays.sort(sorted);
        int size = 0;
        for (int i = 0; i < sorted.length; i++) {
            if (i == 0 || sorted[i] != sorted[i - 1]) {
                sorted[size++] = sorted[i];
            }
        }
        return Arrays.copyOf(sorted, size);
    }

    /** Returns a set as bytes. */
    public static byte[] toBytes(long[] shingles) {
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES * shingles.length);
        bytes.asLongBuffer().put(shingles);
        return bytes.array();
    }

    /** Returns the set that the bytes hold. */
    public static long[] fromBytes(byte[] bytes) {
        long[] shingles = new long[bytes.length / Long.BYTES];
        ByteBuffer.wrap(bytes).asLongBuffer().get(shingles);
        return shingles;
    }

    /**
     * Returns the Jaccard similarity |A ∩ B| / |A ∪ B| of two sets given as bytes. The similarity is 0 if a set is
     * empty, because nothing is known of a text without shingles.
     */
    public static double jaccard(byte[] first, byte[] second) {
        ByteBuffer a = ByteBuffer.wrap(first);
        ByteBuffer b = ByteBuffer.wrap(second);
        int i = 0;
        int j = 0;
        int common = 0;
        while (i < first.length && j < second.length) {
            long left = a.getLong(i);
            long right = b.getLong(j);
            common += left == right ? 1 : 0;
            i += left <= right ? Long.BYTES : 0;
            j += right <= left ? Long.BYTES : 0;
        }
        int union = first.length / Long.BYTES + second.length / Long.BYTES - common;
        return common == 0 ? 0 : (double) common / union;
    }
}
