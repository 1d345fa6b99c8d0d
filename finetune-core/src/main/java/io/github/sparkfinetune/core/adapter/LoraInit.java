package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.stream.IntStream;

/**
 * PEFT's default initial values of an adapter (source: {@code LoraLayer.reset_lora_parameters} in
 * {@code peft/tuners/lora/layer.py}). A is Kaiming-uniform with a = √5, which is uniform in (-1/√in, 1/√in). B is zero.
 * The magnitude of DoRA holds the lengths of the weight's rows. So at first the model computes what its base computes.
 */
public final class LoraInit {
    private LoraInit() {}

    /**
     * Writes a new A. Each value is a pure function of seed, module and position.
     *
     * @param target r · in values from the buffer's position, which does not move
     */
    public static void a(long seed, LoraModule module, FloatBuffer target) {
        double bound = 1 / Math.sqrt(module.module().in());
        long base = Seeds.derive(seed, Purpose.INITIALISATION, module.a().hashCode());
        int count = Math.multiplyExact(module.r(), module.module().in());
        for (int i = 0; i < count; i++) {
            target.put(target.position() + i, (float) (bound * (2 * Seeds.unit(Seeds.fold(base, i)) - 1)));
        }
    }

    /**
     * Writes a new magnitude: the length of a row of W for each output.
     *
     * @param weight the linear's weight in its stored layout, of any size
     * @param target one value for each output, from the buffer's position, which does not move
     */
    public static void magnitude(LinearModule module, TensorParts.Values weight, FloatBuffer target) {
        int columns = module.conv1d() ? module.out() : module.in();
        int rows = module.conv1d() ? module.in() : module.out();
        int rowsAtOnce = Math.min(rows, Math.max(1, TensorParts.bytes() / Float.BYTES / columns));
        FloatBuffer values = ByteBuffer.allocateDirect(Math.multiplyExact(rowsAtOnce * columns, Float.BYTES))
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer();
        double[] squares = new double[module.out()];
        for (int first = 0; first < rows; first += rowsAtOnce) {
            int count = Math.min(rowsAtOnce, rows - first);
            int begin = first;
            weight.read((long) first * columns, values.clear().limit(count * columns));
            if (module.conv1d()) {
                IntStream.range(0, columns)
                        .parallel()
                        .forEach(output -> squares[output] = squares(squares[output], values, output, count, columns));
            } else {
                IntStream.range(0, count)
                        .parallel()
                        .forEach(row -> squares[begin + row] = squares(0, values, row * columns, columns, 1));
            }
        }
        for (int output = 0; output < squares.length; output++) {
            target.put(target.position() + output, (float) Math.sqrt(squares[output]));
        }
    }

    private static double squares(double before, FloatBuffer values, int from, int count, int step) {
        double sum = before;
        for (int i = 0, at = from; i < count; i++, at += step) {
            double value = values.get(at);
            sum += value * value;
        }
        return sum;
    }

    /** Writes a new magnitude of a weight that one buffer holds, from the buffer's position. */
    public static void magnitude(LinearModule module, FloatBuffer weight, FloatBuffer target) {
        magnitude(
                module,
                (from, values) ->
                        values.put(values.position(), weight, weight.position() + (int) from, values.remaining()),
                target);
    }
}
