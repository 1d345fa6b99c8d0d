package io.github.sparkfinetune.core.adapter;

import java.nio.FloatBuffer;
import java.util.stream.IntStream;

/**
 * Adds an adapter into the weight of its linear: {@code W + scaling · B A}, and with DoRA row by row {@code magnitude /
 * ‖W + scaling · B A‖ · (W + scaling · B A)}, the norm over a row (source: {@code Linear.merge} in
 * {@code peft/tuners/lora/layer.py}, {@code DoraLinearVariant} in {@code variants.py}). GPT-2's weight is the transpose
 * of that. Sums are taken in double.
 */
public final class LoraMerge {
    private LoraMerge() {}

    /**
     * Changes a weight in place.
     *
     * @param weight the linear's weight as it is stored, [out, in] or GPT-2's [in, out], from its position
     * @param a [r, in], from its position
     * @param b [out, r], from its position
     * @param magnitude [out], from its position; null without DoRA
     */
    public static void merge(
            LoraModule module, FloatBuffer weight, FloatBuffer a, FloatBuffer b, FloatBuffer magnitude) {
        boolean transposed = module.module().conv1d();
        int in = module.module().in();
        int out = module.module().out();
        int r = module.r();
        // The stored matrix is [rows, columns] and grows by scaling · left right, of [rows, r] and [r, columns].
        int rows = transposed ? in : out;
        int columns = transposed ? out : in;
        float[] left = transposed ? transpose(a, r, in) : values(b, out * r);
        float[] right = transposed ? transpose(b, out, r) : values(a, r * in);
        int from = weight.position();
        IntStream.range(0, rows).parallel().forEach(row -> {
            double[] sum = new double[columns];
            for (int k = 0; k < r; k++) {
                double factor = module.scaling() * left[row * r + k];
                for (int column = 0; column < columns; column++) {
                    sum[column] += factor * right[k * columns + column];
                }
            }
            int at = from + row * columns;
            for (int column = 0; column < columns; column++) {
                weight.put(at + column, (float) (weight.get(at + column) + sum[column]));
            }
        });
        if (module.dora()) {
            scale(module.module(), weight, magnitude);
        }
    }

    private static void scale(LinearModule module, FloatBuffer weight, FloatBuffer magnitude) {
        float[] factors = new float[module.out()];
        LoraInit.magnitude(module, weight, FloatBuffer.wrap(factors));
        for (int output = 0; output < factors.length; output++) {
            // A row of zeros has no direction and stays as it is.
            factors[output] = factors[output] == 0 ? 0 : magnitude.get(magnitude.position() + output) / factors[output];
        }
        int columns = module.conv1d() ? module.out() : module.in();
        int from = weight.position();
        IntStream.range(0, module.conv1d() ? module.in() : module.out())
                .parallel()
                .forEach(row -> {
                    for (int column = 0; column < columns; column++) {
                        int at = from + row * columns + column;
                        weight.put(at, weight.get(at) * factors[module.conv1d() ? column : row]);
                    }
                });
    }

    private static float[] values(FloatBuffer source, int count) {
        float[] values = new float[count];
        source.get(source.position(), values);
        return values;
    }

    private static float[] transpose(FloatBuffer source, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                values[column * rows + row] = source.get(source.position() + row * columns + column);
            }
        }
        return values;
    }
}
