package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.HalfFloat;

/**
 * The 16 values of NF4 (4-bit NormalFloat), and the codes of a block of weights. The values are quantiles of the
 * standard normal distribution, scaled to [-1, 1], with an exact zero (Dettmers et al., QLoRA, 2023, appendix E). The
 * codes equal those of bitsandbytes' {@code quantize_4bit} on the CPU: the nearest value, or the lower value at a tie.
 */
final class Nf4Codes {
    /** Number of weights that share an absmax. */
    static final int BLOCK = 64;
    /** Number of bytes of a block's codes. */
    static final int BLOCK_BYTES = BLOCK / 2;

    private static final float[] VALUES = {
        -1.0f,
        -0.6961928f,
        -0.52507305f,
        -0.3949175f,
        -0.28444138f,
        -0.18477343f,
        -0.091050036f,
        0.0f,
        0.0795803f,
        0.1609302f,
        0.2461123f,
        0.33791524f,
        0.44070983f,
        0.562617f,
        0.72295684f,
        1.0f
    };
    private static final int ZERO = 7;

    /** Value of a byte's first weight, in the high half. */
    private static final float[] FIRST = new float[256];
    /** Value of a byte's second weight, in the low half. */
    private static final float[] SECOND = new float[256];

    /** Largest float with code i, for i < 15; infinity for the last code. */
    private static final float[] UPPER = new float[VALUES.length];
    /**
     * Code of the lowest float in each cell of [-1, 1]. A cell contains at most one of the bounds, so one more
     * comparison decides.
     */
    private static final byte[] CELLS = new byte[256];

    private static final float CELLS_A_UNIT = (CELLS.length - 1) / 2f;

    /** Least divisor of bitsandbytes, with which a block of zeros has codes of 0. */
    private static final float LEAST = 1e-38f;

    static {
        for (int b = 0; b < FIRST.length; b++) {
            FIRST[b] = VALUES[b >> 4];
            SECOND[b] = VALUES[b & 15];
        }
        UPPER[VALUES.length - 1] = Float.POSITIVE_INFINITY;
        for (int code = 0; code < VALUES.length - 1; code++) {
            UPPER[code] = (VALUES[code] + VALUES[code + 1]) / 2;
            for (int cell = cell(UPPER[code]) + 1; cell < CELLS.length; cell++) {
                CELLS[cell] = (byte) (code + 1);
            }
        }
    }

    private Nf4Codes() {}

    /** Returns the 16 values by code. */
    static float[] values() {
        return VALUES.clone();
    }

    /** Returns the values of the two codes of each byte, one pair after the other. */
    static float[] pairs() {
        float[] pairs = new float[2 * FIRST.length];
        for (int b = 0; b < FIRST.length; b++) {
            pairs[2 * b] = FIRST[b];
            pairs[2 * b + 1] = SECOND[b];
        }
        return pairs;
    }

    /** Returns the number of bytes of the codes of a number of weights. */
    static long packedBytes(long count) {
        return (count + 1) / 2;
    }

    /** Returns the number of blocks of a number of weights. */
    static long blocks(long count) {
        return (count + BLOCK - 1) / BLOCK;
    }

    /**
     * Quantizes one block. The first of two codes is in the high half of a byte.
     *
     * @param weights weights from index {@code at}
     * @param count number of weights: {@link #BLOCK}, or fewer at the end of a matrix
     * @param packed receives the codes from index {@code packedAt}
     * @return absmax of the block, infinite or NaN if a weight is
     */
    static float quantize(float[] weights, int at, int count, byte[] packed, int packedAt) {
        // The order of magnitudes is that of their bits, with NaN at the end.
        int largest = 0;
        for (int i = at; i < at + count; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(weights[i]) & 0x7fff_ffff);
        }
        float absmax = Float.intBitsToFloat(largest);
        if (count == BLOCK) {
            float scale = 1 / Math.max(absmax, LEAST);
            for (int i = 0; i < BLOCK_BYTES; i++) {
                int first = code(weights[at + 2 * i] * scale);
                packed[packedAt + i] = (byte) (first << 4 | code(weights[at + 2 * i + 1] * scale));
            }
            return absmax;
        }
        // In a block that is not full, bitsandbytes divides, and stores the bounded absmax.
        absmax = absmax < LEAST ? LEAST : absmax;
        for (int i = 0; i < count; i += 2) {
            int first = code(weights[at + i] / absmax);
            int second = i + 1 < count ? code(weights[at + i + 1] / absmax) : ZERO;
            packed[packedAt + i / 2] = (byte) (first << 4 | second);
        }
        return absmax;
    }

    private static int code(float value) {
        int lowest = CELLS[cell(value)];
        // 1 if UPPER < value: the difference of unequal floats is never 0.
        return lowest + (Float.floatToRawIntBits(UPPER[lowest] - value) >>> 31);
    }

    /**
     * Returns the cell of a value. Values rounded past -1 or 1 by an ulp or two are in the first or last cell; NaN
     * gives 0.
     */
    private static int cell(float value) {
        return (int) ((value + 1) * CELLS_A_UNIT);
    }

    /**
     * Dequantizes full blocks: value times absmax.
     *
     * @param packed codes of the blocks, from index 0
     * @param absmax absmax of each block
     * @param weights receives {@link #BLOCK} values per block, from index 0
     */
    static void dequantize(byte[] packed, float[] absmax, int blocks, float[] weights) {
        for (int block = 0; block < blocks; block++) {
            float scale = absmax[block];
            for (int i = block * BLOCK_BYTES; i < (block + 1) * BLOCK_BYTES; i++) {
                int pair = packed[i] & 0xff;
                weights[2 * i] = FIRST[pair] * scale;
                weights[2 * i + 1] = SECOND[pair] * scale;
            }
        }
    }

    /** Dequantizes full blocks to BF16, rounded to the nearest. Each block has only 16 distinct values. */
    static void dequantize(byte[] packed, float[] absmax, int blocks, short[] weights) {
        short[] values = new short[VALUES.length];
        for (int block = 0; block < blocks; block++) {
            for (int code = 0; code < VALUES.length; code++) {
                values[code] = HalfFloat.toBf16(VALUES[code] * absmax[block]);
            }
            for (int i = block * BLOCK_BYTES; i < (block + 1) * BLOCK_BYTES; i++) {
                int pair = packed[i];
                weights[2 * i] = values[pair >> 4 & 15];
                weights[2 * i + 1] = values[pair & 15];
            }
        }
    }
}
