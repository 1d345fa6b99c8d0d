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
 * A's, B's and magnitudes that a new adapter begins with.
 *
 * @param tensors F32 values by our names, see {@link PeftAdapter#tensors()}
 * @param residual whether the base has less by what the adapter adds at first (PiSSA), so that the model computes what
 *     it did
 */
public record InitialAdapter(Map<String, TensorData> tensors, boolean residual) {

    public InitialAdapter {
        tensors = Collections.unmodifiableMap(new LinkedHashMap<>(tensors));
    }

    /**
     * The base's weights as the adapter finds them.
     *
     * @param prefix of the weights below the head
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

    /** The settings of the adapter that {@link #plain} gives. */
    public LoraSettings plain(LoraSettings settings) {
        return residual ? settings.withTwiceTheRank() : settings;
    }

    /**
     * What was trained, as an adapter of the base that it was made from: where the base had less by B₀A₀, {@code BA -
     * B₀A₀}, which is an adapter with the rows of A₀ below A and the columns of -B₀ behind B (source:
     * {@code LoraModel.subtract_mutated_init} in {@code peft/tuners/lora/model.py}).
     *
     * @param trained by our names
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

    /** Two matrices of one shape, one below the other or beside it. */
    private static TensorData joined(TensorData one, TensorData other, int dimension, int sign) {
        long[] shape = one.shape();
        int row = Math.toIntExact(dimension == 0 ? shape[0] * shape[1] : shape[1]);
        shape[dimension] *= 2;
        return TensorData.of(one.name(), one.dtype(), shape, () -> {
            FloatBuffer above = one.floats();
            FloatBuffer below = other.floats();
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
