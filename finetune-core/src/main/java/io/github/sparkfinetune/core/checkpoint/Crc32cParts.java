package io.github.sparkfinetune.core.checkpoint;

/**
 * The CRC-32C of a whole from those of its parts, so that parts may be read in any order, and by several ranks. A CRC
 * is a remainder of polynomials over GF(2) modulo the CRC's own; bits are kept reflected, the highest is x^0. Behind
 * the first part n more bits are a product with x^n, as in zlib's {@code crc32_combine}.
 */
final class Crc32cParts {
    private static final int POLYNOMIAL = 0x82F63B78;
    private static final int ONE = 1 << 31;

    /** x^(2^n) by n, as far as the bits of a file's length in bits go. */
    private static final int[] POWERS = new int[Long.SIZE + 3];

    static {
        POWERS[0] = 1 << 30;
        for (int n = 1; n < POWERS.length; n++) {
            POWERS[n] = product(POWERS[n - 1], POWERS[n - 1]);
        }
    }

    private int crc;

    /**
     * Takes the next part.
     *
     * @param partCrc its CRC-32C
     * @param bytes its length
     */
    void add(long partCrc, long bytes) {
        int shift = ONE;
        int n = 3;
        for (long left = bytes; left != 0; left >>>= 1, n++) {
            if ((left & 1) != 0) {
                shift = product(POWERS[n], shift);
            }
        }
        crc = product(shift, crc) ^ (int) partCrc;
    }

    /** The CRC-32C of the parts so far. */
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
