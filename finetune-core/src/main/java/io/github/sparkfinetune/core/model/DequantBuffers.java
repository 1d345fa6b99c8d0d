package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * F32 buffers that the layers of a model share for weights that are stored in a smaller form: one a linear of a layer,
 * filled anew before each use of the layer, forward and backward. Whoever computes with a staged tensor must call
 * {@link #hold} first; PyTorch does not notice that its content changes. Belongs to one rank.
 */
final class DequantBuffers {
    private final Device device;
    private final int threads;
    private final Map<String, HostBuffer> buffers = new HashMap<>();
    private Object held;

    DequantBuffers(Device device, int threads) {
        this.device = device;
        this.threads = threads;
    }

    /** The tensor that stands for a weight, by its name in the layer. */
    NDArray tensor(String local, StoredWeight weight) {
        return buffer(local, weight.shape()).tensor();
    }

    private HostBuffer buffer(String local, long[] shape) {
        return buffers.computeIfAbsent(local + Arrays.toString(shape), key -> device.staging(new Shape(shape)));
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
        weights.forEach((local, weight) -> {
            HostBuffer buffer = buffer(local, weight.shape());
            weight.widen(buffer.bytes(), threads);
            buffer.upload();
        });
        held = owner;
    }
}
