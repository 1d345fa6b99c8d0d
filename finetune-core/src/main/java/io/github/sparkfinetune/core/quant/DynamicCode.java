package io.github.sparkfinetune.core.quant;

import java.util.Arrays;

/**
 * The 8-bit dynamic code (Dettmers et al., 8-bit Optimizers via Block-wise Quantization, 2022; bitsandbytes'
 * {@code create_dynamic_map}). Double quantization stores the absmax of blocks in this code, and an optimizer its
 * moments. The decades from 1e-6 to 1 have 1, 2, 4 … 64 values of each sign, or 2, 4, 8 … 128 positive values. The
 * values 0 and 1 are added.
 */
public final class DynamicCode {
    /** Number of values that share a scale. */
    public static final int BLOCK = 256;
    /** Number of codes. */
    public static final int CODES = 256;

    private static final int DECADES = 7;
    private static final float LOWEST = 0.1f;
    private static final float[] VALUES = createValues(true);

    /**
     * Code of each of 65536 points evenly spaced over [-1, 1]. bitsandbytes looks up the nearest point of a value.
     * Therefore a value near the middle between two codes may get the farther code.
     */
    private static final byte[] POINTS = new byte[1 << 16];

    private static final float POINTS_A_UNIT = (POINTS.length - 1) / 2f;

    static {
        int code = 0;
        for (int point = 0; point < POINTS.length; point++) {
            float value = point / (float) (POINTS.length - 1) * 2 - 1;
            while (code + 1 < CODES && VALUES[code + 1] - value < value - VALUES[code]) {
                code++;
            }
            POINTS[point] = (byte) code;
        }
    }

    private DynamicCode() {}

    /** Returns the signed values by code, ascending. */
    public static float[] values() {
        return VALUES.clone();
    }

    /** Returns the unsigned values by code, ascending. */
    public static float[] unsignedValues() {
        return createValues(false);
    }

    /**
     * Returns the upper bound of each code: the middle to the next code's value, or infinity for the last code.
     *
     * @param values values by code, ascending
     */
    public static float[] above(float[] values) {
        float[] above = new float[CODES];
        for (int code = 0; code + 1 < CODES; code++) {
            above[code] = (values[code] + values[code + 1]) / 2;
        }
        above[CODES - 1] = Float.POSITIVE_INFINITY;
        return above;
    }

    /**
     * Returns, for each upper half of a float's bits, the code of the lowest number with that half. Numbers in [-1, 1]
     * with the same upper half lie closer together than two codes. Therefore the code of any of them is this code or
     * the next.
     *
     * @param above result of {@link #above}
     */
    public static byte[] cells(float[] above) {
        byte[] cells = new byte[1 << Short.SIZE];
        for (int half = 0; half < cells.length; half++) {
            int bits = half << Short.SIZE;
            float lowest = Float.intBitsToFloat(bits < 0 ? bits | (1 << Short.SIZE) - 1 : bits);
            int code = 0;
            while (code + 1 < CODES && lowest > above[code]) {
                code++;
            }
            cells[half] = (byte) code;
        }
        return cells;
    }

    private static float[] createValues(boolean signed) {
        float[] values = new float[CODES];
        int next = 0;
        for (int decade = 0; decade < DECADES; decade++) {
            int count = signed ? 1 << decade : 2 << decade;
            float scale = (float) Math.pow(10, decade - DECADES + 1.0);
            for (int i = 0; i < count; i++) {
                float value = (boundary(i, count) + boundary(i + 1, count)) / 2 * scale;
                values[next++] = value;
                if (signed) {
                    values[next++] = -value;
                }
            }
        }
        values[next] = 1;
        Arrays.sort(values);
        return values;
    }

    /**
     * Returns element i of {@code torch.linspace(0.1, 1, count + 1)}, which counts from the nearer end and rounds once.
     */
    private static float boundary(int i, int count) {
        float step = (1 - LOWEST) / count;
        return i < (count + 1) / 2 ? Math.fma(step, (float) i, LOWEST) : Math.fma(-step, (float) (count - i), 1);
    }

    /**
     * Quantizes one block.
     *
     * @param values finite values, from index {@code at}
     * @param count number of values: {@link #BLOCK}, or fewer at the end
     * @param codes receives the codes from index {@code at}
     * @return largest magnitude, by which a code's value is multiplied
     */
    static float quantize(float[] values, int at, int count, byte[] codes) {
        float absmax = 0;
        for (int i = at; i < at + count; i++) {
            absmax = Math.max(absmax, Math.abs(values[i]));
        }
        if (absmax == 0) {
            Arrays.fill(codes, at, at + count, (byte) 0);
            return 0;
        }
        float scale = 1 / absmax;
        for (int i = at; i < at + count; i++) {
            float value = Math.max(-1, Math.min(1, values[i] * scale));
            codes[i] = POINTS[(int) ((value + 1) * POINTS_A_UNIT + 0.5f)];
        }
        return absmax;
    }
}
