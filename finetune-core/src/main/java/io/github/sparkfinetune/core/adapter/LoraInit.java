package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import java.nio.FloatBuffer;
import java.util.stream.IntStream;

/**
 * The values that an adapter begins with (source: {@code LoraLayer.reset_lora_parameters} in
 * {@code peft/tuners/lora/layer.py}): A is Kaiming-uniform with a = √5, which is uniform in (-1/√in, 1/√in), B is zero,
 * and the magnitude of DoRA holds the lengths of the weight's rows. So at first the model computes what its base does.
 */
public final class LoraInit {
    private LoraInit() {}

    /**
     * Writes a new A. Each value is a pure function of seed, module and place.
     *
     * @param target r · in values from its position, which does not move
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
     * Writes a new magnitude: the lengths of the rows of W, one an output.
     *
     * @param weight the linear's weight as it is stored, read from its position
     * @param target as many values as the linear has outputs, from its position, which does not move
     */
    public static void magnitude(LinearModule module, FloatBuffer weight, FloatBuffer target) {
        int in = module.in();
        int out = module.out();
        int from = weight.position();
        int to = target.position();
        IntStream.range(0, out).parallel().forEach(row -> {
            double squares = 0;
            for (int column = 0; column < in; column++) {
                double value = weight.get(from + (module.conv1d() ? column * out + row : row * in + column));
                squares += value * value;
            }
            target.put(to + row, (float) Math.sqrt(squares));
        });
    }
}
