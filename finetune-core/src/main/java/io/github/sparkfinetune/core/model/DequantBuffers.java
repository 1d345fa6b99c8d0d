package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * F32 buffers that the layers of a model share for weights that are stored in a smaller form: one a linear of a layer,
 * filled anew before each use of the layer, forward and backward. Whoever computes with a staged tensor must call
 * {@link #hold} first; PyTorch does not notice that its content changes. Belongs to one rank.
 */
final class DequantBuffers {
    private final NDManager manager;
    private final ScriptModule script;
    private final int threads;
    private final Map<String, Buffer> buffers = new HashMap<>();
    private Object held;

    /** The memory of a staged tensor, and the copy of it on the host where it is on a GPU. */
    private record Buffer(NDArray tensor, ByteBuffer bytes) {}

    DequantBuffers(NDManager manager, ScriptModule script, int threads) {
        this.manager = manager;
        this.script = script;
        this.threads = threads;
    }

    /** The tensor that stands for a weight, by its name in the layer. */
    NDArray tensor(String local, StoredWeight weight) {
        return buffer(local, weight.shape()).tensor();
    }

    private Buffer buffer(String local, long[] shape) {
        return buffers.computeIfAbsent(local + Arrays.toString(shape), key -> {
            Shape extents = new Shape(shape);
            ByteBuffer bytes = ByteBuffer.allocateDirect(Math.toIntExact(extents.size() * Float.BYTES))
                    .order(ByteOrder.nativeOrder());
            return new Buffer(
                    manager.getDevice().isGpu()
                            ? manager.zeros(extents, DataType.FLOAT32)
                            : manager.create(bytes, extents, DataType.FLOAT32),
                    bytes);
        });
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
            Buffer buffer = buffer(local, weight.shape());
            weight.widen(buffer.bytes().duplicate().order(ByteOrder.nativeOrder()), threads);
            if (buffer.tensor().getDevice().isGpu()) {
                script.write(buffer.tensor(), buffer.bytes().duplicate().order(ByteOrder.nativeOrder()));
            }
        });
        held = owner;
    }
}
