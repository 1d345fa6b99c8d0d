package io.github.sparkfinetune.core.checkpoint;

/**
 * CRC-32C of a whole, computed from the CRC-32Cs of its parts, so that parts may be read in any order and by several
 * ranks. A CRC is a remainder of polynomials over GF(2) modulo the CRC's polynomial. Bits are reflected: the highest
 * bit is x^0. Appending n bits to the first part multiplies its CRC by x^n, as in zlib's {@code crc32_combine}.
 */
final class Crc32cParts {
    private static final int POLYNOMIAL = 0x82F63B78;
    private static final int ONE = 1 << 31;

    /** x^(2^n) by n, for every bit of a file's length in bits. */
    private static final int[] POWERS = new int[Long.SIZE + 3];

    static {
        POWERS[0] = 1 << 30;
        for (int n = 1; n < POWERS.length; n++) {
            POWERS[n] = product(POWERS[n - 1], POWERS[n - 1]);
        }
    }

    private int crc;

    /**
     * Adds the next part.
     *
     * @param partCrc the part's CRC-32C
     * @param bytes the part's length
     */
    void add(long partCrc, long bytes) {
        int shift = ONE;
        int n = 3;
        for (long remaining = bytes; remaining != 0; remaining >>>= 1, n++) {
            if ((remaining & 1) != 0) {
                shift = product(POWERS[n], shift);
            }
        }
        crc = product(shift, crc) ^ (int) partCrc;
    }

    /** Returns the CRC-32C of the parts so far. */
    long value() {
        return Integer.toUnsignedLong(crc);
    }

    private static int product(int a, int b) {
        int product = 0;
        int shifted = b;
        for (int bit = ONE; bit != 0; bit >>>= 1) {
            if ((a & bit) != 0) {
                product ^= shifted;
            }
            shifted = (shifted & 1) != 0 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
        }
        return product;
    }
}
