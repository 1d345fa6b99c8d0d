package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.safetensors.FilePlace;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A base model's weights minus what an adapter adds: {@code W - scaling · B A}, rounded to the stored type (source:
 * {@code pissa_init} in {@code peft/tuners/lora/layer.py}). Values are computed when they are read. Sums are in double
 * precision.
 */
final class ResidualWeights implements TensorSource {
    private final TensorSource base;
    private final Map<String, Factors> changed;

    /** A linear's adapter: A [r, in] and B [out, r]. */
    record Factors(LoraModule module, TensorData a, TensorData b) {}

    /** @param changed adapters by the base's names of the weights */
    ResidualWeights(TensorSource base, Map<String, Factors> changed) {
        this.base = base;
        this.changed = Map.copyOf(changed);
    }

    @Override
    public Set<String> names() {
        return base.names();
    }

    @Override
    public TensorInfo info(String name) {
        return base.info(name);
    }

    @Override
    public String fileOf(String name) {
        return base.fileOf(name);
    }

    @Override
    public Optional<FilePlace> localPlace(String name) {
        return changed.containsKey(name) ? Optional.empty() : base.localPlace(name);
    }

    @Override
    public void read(String name, long from, ByteBuffer target) {
        if (changed.containsKey(name)) {
            TensorSource.super.read(name, from, target);
        } else {
            base.read(name, from, target);
        }
    }

    @Override
    public ByteBuffer buffer(String name, long from, int length) {
        if (!changed.containsKey(name)) {
            return base.buffer(name, from, length);
        }
        TensorType type = info(name).dtype();
        FloatBuffer values = FloatBuffer.allocate(length / type.bytes());
        subtract(name, from / type.bytes(), values);
        ByteBuffer bytes = ByteBuffer.allocateDirect(length).order(ByteOrder.LITTLE_ENDIAN);
        type.narrow(values, bytes);
        return bytes;
    }

    @Override
    public void floats(String name, long from, FloatBuffer target) {
        if (changed.containsKey(name)) {
            TensorSource.super.floats(name, from, target);
        } else {
            base.floats(name, from, target);
        }
    }

    /** Writes values without rounding. */
    private void subtract(String name, long from, FloatBuffer target) {
        base.floats(name, from, target);
        Factors factors = changed.get(name);
        LinearModule linear = factors.module().module();
        FloatBuffer a = factors.a().floats();
        FloatBuffer b = factors.b().floats();
        int r = factors.module().r();
        int columns = linear.conv1d() ? linear.out() : linear.in();
        double[] sum = new double[columns];
        int at = target.position();
        while (at < target.limit()) {
            long element = from + at - target.position();
            int row = Math.toIntExact(element / columns);
            int first = (int) (element % columns);
            int count = Math.min(columns - first, target.limit() - at);
            Arrays.fill(sum, 0, count, 0);
            for (int k = 0; k < r; k++) {
                double left = factors.module().scaling()
                        * (linear.conv1d() ? a.get(k * linear.in() + row) : b.get(row * r + k));
                for (int i = 0; i < count; i++) {
                    int column = first + i;
                    sum[i] += left * (linear.conv1d() ? b.get(column * r + k) : a.get(k * columns + column));
                }
            }
            for (int i = 0; i < count; i++, at++) {
                target.put(at, (float) (target.get(at) - sum[i]));
            }
        }
    }

    @Override
    public void close() {
        base.close();
    }
}
