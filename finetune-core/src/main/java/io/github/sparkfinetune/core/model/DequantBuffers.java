package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.quant.Widening;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Buffers, in F32 or BF16, that the layers of a model share for weights that are stored in a smaller form: one a linear
 * of a layer, filled anew before each use of the layer, forward and backward. Whoever computes with a staged tensor
 * must call {@link #hold} first; PyTorch does not notice that its content changes. Belongs to one rank.
 */
final class DequantBuffers {
    private final Device device;
    private final ScriptModule script;
    private final TensorType type;
    private final int threads;
    private final Map<String, Staged> buffers = new HashMap<>();
    private Object held;

    /** A tensor and the memory that its values are written to. */
    private record Staged(NDArray tensor, List<HostBuffer> parts) {}

    /**
     * @param script with the methods of {@code core.tensor.tensors}
     * @param bf16 whether products read BF16
     */
    DequantBuffers(Device device, ScriptModule script, boolean bf16, int threads) {
        this.device = device;
        this.script = script;
        this.type = bf16 ? TensorType.BF16 : TensorType.F32;
        this.threads = threads;
    }

    /** The tensor that stands for a weight, by its name in the layer. */
    NDArray tensor(String local, StoredWeight weight) {
        NDArray tensor = buffer(local, weight.shape()).tensor();
        return weight.isTransposed() ? tensor.transpose() : tensor;
    }

    private Staged buffer(String local, long[] shape) {
        return buffers.computeIfAbsent(local + Arrays.toString(shape), key -> staged(shape));
    }

    private Staged staged(long... shape) {
        NDManager manager = device.manager();
        if (type == TensorType.F32) {
            NDArray tensor = manager.create(new Shape(shape), DataType.FLOAT32);
            return new Staged(tensor, TensorParts.all(manager, device, script, tensor));
        }
        // DJL makes no tensors in BF16.
        Shape bytes = new Shape(Math.multiplyExact(new Shape(shape).size(), type.bytes()));
        NDArray memory = manager.create(bytes, DataType.UINT8);
        return new Staged(
                script.callOne(manager, "over_bytes", memory, shape), TensorParts.all(manager, device, script, memory));
    }

    /**
     * Sees to it that the buffers hold these weights.
     *
     * @param owner whose they are; its weights never change
     */
    void hold(Object owner, Map<String, StoredWeight> weights) {
        if (held == owner) {
            return;
        }
        List<HostBuffer> filled = new ArrayList<>();
        List<Widening> all = new ArrayList<>();
        weights.forEach((local, weight) -> {
            List<HostBuffer> parts = buffer(local, weight.shape()).parts();
            filled.addAll(parts);
            all.add(new Widening(weight, parts.stream().map(HostBuffer::bytes).toList()));
        });
        Widening.run(all, type, threads);
        filled.forEach(HostBuffer::upload);
        held = owner;
    }
}
