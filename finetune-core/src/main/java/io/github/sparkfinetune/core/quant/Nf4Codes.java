package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.HalfFloat;

/**
 * The 16 values of NF4 (4-bit NormalFloat: quantiles of the standard normal distribution, scaled to [-1, 1], with an
 * exact zero; Dettmers et al., QLoRA, 2023, appendix E), and the codes of a block of weights. Codes are what
 * bitsandbytes' {@code quantize_4bit} gives on the CPU: the nearest value, the lower one at a tie.
 */
final class Nf4Codes {
    /** Weights that share an absmax. */
    static final int BLOCK = 64;
    /** Bytes of a block's codes. */
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

    /** Value of the first weight of a byte, its high half. */
    private static final float[] FIRST = new float[256];
    /** Value of the second weight of a byte, its low half. */
    private static final float[] SECOND = new float[256];

    /** The largest float that gets code i, for i < 15; above all for the last. */
    private static final float[] UPPER = new float[VALUES.length];
    /**
     * [-1, 1] cut into cells, each with the code of its lowest float. A cell holds at most one of the bounds, so one
     * comparison more decides.
     */
    private static final byte[] CELLS = new byte[256];

    private static final float CELLS_A_UNIT = (CELLS.length - 1) / 2f;

    /** bitsandbytes divides by this much at least; a block of zeros has codes of 0 then. */
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

    /** The 16 values by code. */
    static float[] values() {
        return VALUES.clone();
    }

    /** Bytes of the codes of this many weights. */
    static long packedBytes(long count) {
        return (count + 1) / 2;
    }

    /** Number of blocks of this many weights. */
    static long blocks(long count) {
        return (count + BLOCK - 1) / BLOCK;
    }

    /**
     * Codes of one block, the first of two in the high half of a byte.
     *
     * @param weights its weights from {@code at}
     * @param count how many there are: {@link #BLOCK}, or fewer at the end of a matrix
     * @param packed receives the codes from {@code packedAt}
     * @return the block's absmax, infinite or NaN when a weight is
     */
    static float quantize(float[] weights, int at, int count, byte[] packed, int packedAt) {
        // Magnitudes are ordered as their bits are, NaN above all.
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
        // bitsandbytes divides in a block that is not full, and stores the bounded absmax.
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
        // 1 where UPPER < value: the difference of unequal floats is never 0.
        return lowest + (Float.floatToRawIntBits(UPPER[lowest] - value) >>> 31);
    }

    /** Rounding can take a value past -1 or 1 by an ulp or two, which stays in the first or last cell; NaN gives 0. */
    private static int cell(float value) {
        return (int) ((value + 1) * CELLS_A_UNIT);
    }

    /**
     * Weights of full blocks: value times absmax.
     *
     * @param packed codes of the blocks, from 0
     * @param absmax of each block
     * @param weights receives {@link #BLOCK} values a block, from 0
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

    /** The same in BF16, rounded to the nearest: 16 values a block, of which each weight is one. */
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
