package io.github.sparkfinetune.core.quant;

import java.util.Arrays;

/**
 * Sum of F32 values with the exact rounding of PyTorch's CPU kernel on one thread (ATen, SumKernel.cpp). Values are
 * distributed over 4 x 8 lanes, and each lane adds in a cascade of levels. The offset of double quantization is such a
 * mean, and its last bit changes codes.
 */
final class CascadeSum {
    /** Number of floats of a vector; PyTorch has no wider kernel for sums. */
    private static final int VECTOR = 8;
    /** Number of vectors that are added side by side. */
    private static final int ROWS = 4;

    private static final int LANES = VECTOR * ROWS;
    private static final int LEVELS = 4;
    private static final int LEAST_POWER = 4;

    private CascadeSum() {}

    /** Returns the mean, or 0 for no values. */
    static float mean(float[] values) {
        return values.length == 0 ? 0 : sum(values) / values.length;
    }

    private static float sum(float[] values) {
        int vectors = values.length / VECTOR;
        int steps = vectors / ROWS;
        float[] lanes = cascade(values, steps);
        for (int vector = steps * ROWS; vector < vectors; vector++) {
            for (int i = 0; i < VECTOR; i++) {
                lanes[i] += values[vector * VECTOR + i];
            }
        }
        for (int row = 1; row < ROWS; row++) {
            for (int i = 0; i < VECTOR; i++) {
                lanes[i] += lanes[row * VECTOR + i];
            }
        }
        float sum = 0;
        for (int i = vectors * VECTOR; i < values.length; i++) {
            sum += values[i];
        }
        for (int i = 0; i < VECTOR; i++) {
            sum += lanes[i];
        }
        return sum;
    }

    /** Returns the sum of each lane over the first {@code steps} times {@link #LANES} values. */
    private static float[] cascade(float[] values, int steps) {
        int ceilLog2 = steps < 2 ? 0 : Integer.SIZE - Integer.numberOfLeadingZeros(steps - 1);
        int power = Math.max(LEAST_POWER, ceilLog2 / LEVELS);
        int stride = 1 << power;
        float[][] levels = new float[LEVELS][LANES];
        int step = 0;
        while (step + stride <= steps) {
            for (int end = step + stride; step < end; step++) {
                addValues(levels[0], values, step * LANES);
            }
            for (int level = 1; level < LEVELS; level++) {
                addValues(levels[level], levels[level - 1], 0);
                Arrays.fill(levels[level - 1], 0);
                if ((step & (stride - 1) << (level * power)) != 0) {
                    break;
                }
            }
        }
        for (; step < steps; step++) {
            addValues(levels[0], values, step * LANES);
        }
        for (int level = 1; level < LEVELS; level++) {
            addValues(levels[0], levels[level], 0);
        }
        return levels[0];
    }

    private static void addValues(float[] lanes, float[] values, int at) {
        for (int i = 0; i < LANES; i++) {
            lanes[i] += values[at + i];
        }
    }
}
