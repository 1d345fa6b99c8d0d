package io.github.sparkfinetune.core.model.sharded;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.core.shard.Cut;
import io.github.sparkfinetune.core.shard.HostRange;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Memory for gathered tensors: one tensor for the values of each type. */
final class GatheredMemory {
    private final ScriptModule script;
    private final Map<TensorType, Values> values = new EnumMap<>(TensorType.class);

    /**
     * All values of a type.
     *
     * @param flat the values, in one dimension
     * @param parts their host memory
     */
    private record Values(NDArray flat, List<HostBuffer> parts) {}

    /**
     * Allocates memory.
     *
     * @param owner owner of the memory
     * @param script script with the methods of {@code core.tensor.tensors}
     */
    GatheredMemory(NDManager owner, Device device, ScriptModule script, GatheredTypes types) {
        this.script = script;
        for (int i = 0; i < GatheredTypes.ALL.size(); i++) {
            long size = types.sizes().get(i);
            if (size > 0) {
                TensorType type = GatheredTypes.ALL.get(i);
                // DJL cannot create tensors in BF16.
                NDArray memory = owner.create(new Shape(Math.multiplyExact(size, type.bytes())), DataType.UINT8);
                NDArray flat = script.callOne(owner, "over_bytes", memory, new long[] {size}, type == TensorType.BF16);
                values.put(type, new Values(flat, TensorParts.inHostMemory(owner, device, script, memory)));
            }
        }
    }

    /**
     * Returns the tensors.
     *
     * @param owner owner of the tensors, which are views
     * @param types their types, of as many values as the memory has
     * @param like tensors of their shapes
     */
    List<NDArray> views(NDManager owner, GatheredTypes types, List<NDArray> like) {
        NDArray[] views = new NDArray[like.size()];
        values.forEach((type, ofType) -> {
            List<Integer> tensors = types.tensors(type);
            List<NDArray> shapes = tensors.stream().map(like::get).toList();
            List<NDArray> found = script.call(owner, "views_like", ofType.flat(), shapes);
            for (int i = 0; i < found.size(); i++) {
                views[tensors.get(i)] = found.get(i);
            }
        });
        return new ArrayList<>(Arrays.asList(views));
    }

    /** Returns the host memory of some values of a tensor. */
    List<ByteBuffer> host(GatheredTypes types, Cut.Range range) {
        TensorType type = types.of(range.tensor());
        long start = types.start(range.tensor());
        return HostRange.of(values.get(type).parts(), type.bytes(), start + range.from(), start + range.to());
    }

    /** Copies the host memory to the device. */
    void upload() {
        values.values().forEach(ofType -> ofType.parts().forEach(HostBuffer::upload));
    }
}
