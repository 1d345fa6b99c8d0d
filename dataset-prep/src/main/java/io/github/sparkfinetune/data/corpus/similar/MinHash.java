package io.github.sparkfinetune.data.corpus.similar;

import io.github.sparkfinetune.data.dataset.Seeds;
import java.io.Serializable;

/**
 * MinHash signatures of shingle sets (Broder, 1997), banded for locality-sensitive hashing. Two sets of Jaccard
 * similarity J share one of {@code bands · rows} minima with probability J, and all {@code rows} of a band with
 * probability J^rows.
 *
 * <p>The minima are banded twice. The first banding follows the order of the hash functions, as usual. In the second
 * banding, band b has row r of the usual band b + r. With 14 bands of 8 rows, the usual bands find a pair of J 0.8 with
 * probability 0.924 and one of 0.75 with 0.775. Both bandings together find them with 0.987 and 0.924, with no further
 * hash function.
 *
 * <p>Hash function i maps a shingle x to {@code (x ^ Seeds.derive(seed, MINHASH, i)) · m_i} modulo 2^64, with m_i odd.
 * The smallest signed value is the minimum. Shingles are hashes already, so a bijection that reorders them is enough.
 */
public final class MinHash implements Serializable {
    private static final long serialVersionUID = 1L;

    private final int bands;
    private final int rows;
    private final long[] offsets;
    private final long[] multipliers;

    /** @param seed decides the hash functions */
    public MinHash(int bands, int rows, long seed) {
        if (bands < 1 || rows < 1) {
            throw new IllegalArgumentException(bands + " bands of " + rows + " rows: there must be one at least");
        }
        this.bands = bands;
        this.rows = rows;
        this.offsets = new long[bands * rows];
        this.multipliers = new long[bands * rows];
        for (int i = 0; i < offsets.length; i++) {
            offsets[i] = Seeds.derive(seed, Seeds.Purpose.MINHASH, i, 0);
            multipliers[i] = Seeds.derive(seed, Seeds.Purpose.MINHASH, i, 1) | 1;
        }
    }

    /**
     * Returns a key for each band. Sets that share a key are candidates for near-duplicates.
     *
     * @param shingles a set
     * @return {@code 2 · bands} keys; no keys for an empty set
     */
    public long[] bandKeys(long[] shingles) {
        if (shingles.length == 0) {
            return new long[0];
        }
        return bandKeysOf(minima(shingles));
    }

    /**
     * Returns the last 8 bits of each minimum. Two minima that differ have the same bits with probability 1/256.
     *
     * @param shingles a set
     * @return {@code bands · rows} bytes; no bytes for an empty set
     */
    public byte[] signature(long[] shingles) {
        if (shingles.length == 0) {
            return new byte[0];
        }
        long[] minima = minima(shingles);
        byte[] signature = new byte[minima.length];
        for (int i = 0; i < signature.length; i++) {
            // The first bits of a minimum say how small it is.
            signature[i] = (byte) Seeds.mix(minima[i]);
        }
        return signature;
    }

    /**
     * Returns the keys of {@link #bandKeys(long[])} for the bits of a signature, which are other keys than those of the
     * set.
     */
    public long[] bandKeys(byte[] signature) {
        if (signature.length == 0) {
            return new long[0];
        }
        long[] bits = new long[signature.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = signature[i];
        }
        return bandKeysOf(bits);
    }

    /**
     * Estimates the Jaccard similarity of two sets by their signatures. The standard error is sqrt(J (1 - J) / n) for n
     * bytes: 0.04 for J 0.75 and 112 bytes.
     */
    public static double similarity(byte[] a, byte[] b) {
        int equal = 0;
        for (int i = 0; i < a.length && i < b.length; i++) {
            equal += a[i] == b[i] ? 1 : 0;
        }
        double byChance = 1.0 / 256;
        return a.length == 0 ? 0 : Math.max(0, ((double) equal / a.length - byChance) / (1 - byChance));
    }

    private long[] bandKeysOf(long[] minima) {
        long[] keys = new long[2 * bands];
        for (int band = 0; band < bands; band++) {
            long along = Seeds.fold(0, band);
            long across = Seeds.fold(0, bands + band);
            for (int row = 0; row < rows; row++) {
                along = Seeds.fold(along, minima[band * rows + row]);
                across = Seeds.fold(across, minima[(band + row) % bands * rows + row]);
            }
            keys[band] = along;
            keys[bands + band] = across;
        }
        return keys;
    }

    private long[] minima(long[] shingles) {
        long[] minima = new long[offsets.length];
        for (int i = 0; i < minima.length; i++) {
            long offset = offsets[i];
            long multiplier = multipliers[i];
            long smallest = Long.MAX_VALUE;
            for (long shingle : shingles) {
                smallest = Math.min(smallest, (shingle ^ offset) * multiplier);
            }
            minima[i] = smallest;
        }
        return minima;
    }
}
