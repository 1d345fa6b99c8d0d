package io.github.sparkfinetune.extra.gguf;

import io.github.sparkfinetune.core.safetensors.HalfFloat;
import java.nio.ByteBuffer;

/**
 * Encoder of numbers in GGUF's types, little-endian, bit-equal to ggml's reference ({@code ggml-quants.c},
 * {@code quantize_row_q8_0_ref} and {@code quantize_row_q4_0_ref}; {@code gguf.quants} in Python). A block holds 32
 * numbers of a row:
 *
 * <ul>
 *   <li>{@code Q8_0}: an F16 d = max |x| / 127, and 32 signed bytes x / d, rounded to the nearest, halves away from
 *       zero; 34 bytes.
 *   <li>{@code Q4_0}: an F16 d = m / -8, where m is the first of the numbers with the largest magnitude, and 16 bytes
 *       with ⌊x / d + 8.5⌋, at most 15; 18 bytes. Number i is in the lower half of byte i, number 16 + i in the upper.
 * </ul>
 *
 * x is multiplied by the reciprocal of d in F32, before d is rounded to F16.
 */
final class BlockEncoder {
    private static final int HALF_BLOCK = 16;

    private BlockEncoder() {}

    /**
     * Appends a row.
     *
     * @param row finite numbers, a multiple of the type's block
     * @return whether every number can be stored; F16's maximum is 65504
     */
    static boolean encode(GgufType type, float[] row, ByteBuffer out) {
        int size = type.blockSize();
        boolean finite = true;
        for (int from = 0; from < row.length; from += size) {
            switch (type) {
                case F32 -> out.putFloat(row[from]);
                case BF16 -> out.putShort(HalfFloat.toBf16(row[from]));
                case F16 -> finite &= putHalf(row[from], out);
                case Q8_0 -> finite &= q8(row, from, size, out);
                case Q4_0 -> finite &= q4(row, from, size, out);
            }
        }
        return finite;
    }

    private static boolean putHalf(float value, ByteBuffer out) {
        short half = HalfFloat.toF16(value);
        out.putShort(half);
        return Float.isFinite(HalfFloat.fromF16(half));
    }

    private static boolean q8(float[] row, int from, int size, ByteBuffer out) {
        float largest = 0;
        for (int i = from; i < from + size; i++) {
            largest = Math.max(largest, Math.abs(row[i]));
        }
        float scale = largest / 127;
        float inverse = inverse(scale);
        boolean finite = putHalf(scale, out);
        for (int i = from; i < from + size; i++) {
            float value = row[i] * inverse;
            // The sum is exact below 2^22, where Math.round of a float would round halves up.
            out.put((byte) (value < 0 ? -(int) (0.5 - value) : (int) (value + 0.5)));
        }
        return finite;
    }

    private static boolean q4(float[] row, int from, int size, ByteBuffer out) {
        float largest = 0;
        for (int i = from; i < from + size; i++) {
            largest = Math.abs(row[i]) > Math.abs(largest) ? row[i] : largest;
        }
        float scale = largest / -8;
        float inverse = inverse(scale);
        boolean finite = putHalf(scale, out);
        for (int i = from; i < from + HALF_BLOCK; i++) {
            out.put((byte) (nibble(row[i] * inverse) | nibble(row[i + HALF_BLOCK] * inverse) << 4));
        }
        return finite;
    }

    private static int nibble(float value) {
        return Math.min(15, (int) (value + 8.5f));
    }

    /** Returns a scale's reciprocal; 0 if the reciprocal is infinite, because F16 then stores the scale as zero. */
    private static float inverse(float scale) {
        float inverse = 1 / scale;
        return Float.isFinite(inverse) ? inverse : 0;
    }
}
