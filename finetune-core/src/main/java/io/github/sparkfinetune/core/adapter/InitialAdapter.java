package io.github.sparkfinetune.core.adapter;

import io.github.sparkfinetune.core.safetensors.StoredNames;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Initial tensors of a new adapter.
 *
 * @param tensors F32 values by their names in {@link PeftAdapter#tensors()}
 * @param residual whether the initial adapter is subtracted from the base (PiSSA), so that the model computes at first
 *     what the base computes
 */
public record InitialAdapter(Map<String, TensorData> tensors, boolean residual) {

    public InitialAdapter {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /**
     * Returns the base's weights that the adapter is trained on.
     *
     * @param prefix prefix of the weights below the head
     */
    public TensorSource base(TensorSource source, String prefix, Iterable<LoraModule> modules) {
        if (!residual) {
            return source;
        }
        StoredNames names = new StoredNames(source, prefix);
        Map<String, ResidualWeights.Factors> changed = new LinkedHashMap<>();
        modules.forEach(module -> changed.put(
                names.require(module.module().weight()),
                new ResidualWeights.Factors(module, tensors.get(module.a()), tensors.get(module.b()))));
        return new ResidualWeights(source, changed);
    }

    /** Returns the settings of the adapter that {@link #plain(Map)} returns. */
    public LoraSettings plain(LoraSettings settings) {
        return residual ? settings.withTwiceTheRank() : settings;
    }

    /**
     * Returns the trained tensors as an adapter of the original base. If the initial adapter B₀A₀ was subtracted from
     * the base, the adapter is {@code BA - B₀A₀}: the rows of A₀ follow those of A, and the columns of -B₀ follow those
     * of B (source: {@code LoraModel.subtract_mutated_init} in {@code peft/tuners/lora/model.py}).
     *
     * @param trained trained tensors by their names in {@link PeftAdapter#tensors()}
     */
    public Map<String, TensorData> plain(Map<String, TensorData> trained) {
        if (!residual) {
            return trained;
        }
        Map<String, TensorData> plain = new LinkedHashMap<>();
        trained.forEach((name, tensor) -> {
            TensorData first = tensors.get(name);
            if (first != null && name.endsWith(PeftAdapter.LORA_A)) {
                plain.put(name, joined(tensor, first, 0, 1));
            } else if (first != null && name.endsWith(PeftAdapter.LORA_B)) {
                plain.put(name, joined(tensor, first, 1, -1));
            } else {
                plain.put(name, tensor);
            }
        });
        return plain;
    }

    /** Returns two matrices of the same shape joined along a dimension, the second times the sign. */
    private static TensorData joined(TensorData first, TensorData second, int dimension, int sign) {
        long[] shape = first.shape();
        int row = Math.toIntExact(dimension == 0 ? shape[0] * shape[1] : shape[1]);
        shape[dimension] *= 2;
        return TensorData.of(first.name(), first.dtype(), shape, () -> {
            FloatBuffer above = first.floats();
            FloatBuffer below = second.floats();
            ByteBuffer bytes = ByteBuffer.allocateDirect(2 * above.remaining() * Float.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN);
            while (above.hasRemaining()) {
                for (int i = 0; i < row; i++) {
                    bytes.putFloat(above.get());
                }
                for (int i = 0; i < row; i++) {
                    bytes.putFloat(sign * below.get());
                }
            }
            return bytes.flip();
        });
    }
}
