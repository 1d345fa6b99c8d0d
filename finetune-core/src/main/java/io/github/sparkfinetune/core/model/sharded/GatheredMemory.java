package io.github.sparkfinetune.core.model.sharded;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.safetensors.TensorType;
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
import java.util.Optional;

/** Memory for gathered tensors: one tensor for the values of each type. */
final class GatheredMemory {
    private final ScriptModule script;
    private final Map<TensorType, Values> values = new EnumMap<>(TensorType.class);

    /**
     * All values of a type.
     *
     * @param flat the values, in one dimension
     * @param written the same values, as a tensor whose writes a recorded graph does not see
     * @param parts their memory for an exchange between ranks
     */
    private record Values(NDArray flat, NDArray written, List<HostBuffer> parts) {}

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
                values.put(
                        type,
                        new Values(
                                over(owner, memory, type, size),
                                over(owner, memory, type, size),
                                TensorParts.all(owner, device, script, memory)));
            }
        }
    }

    private NDArray over(NDManager owner, NDArray memory, TensorType type, long size) {
        return script.callOne(owner, "over_bytes", memory, new long[] {size}, type == TensorType.BF16);
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
            long[] starts = tensors.stream().mapToLong(types::start).toArray();
            List<NDArray> found = script.call(owner, "views_at", ofType.flat(), starts, shapes);
            for (int i = 0; i < found.size(); i++) {
                views[tensors.get(i)] = found.get(i);
            }
        });
        return new ArrayList<>(Arrays.asList(views));
    }

    /** Returns the values of a type in one dimension, to be written; a recorded graph does not see the writes. */
    NDArray written(TensorType type) {
        return values.get(type).written();
    }

    /** Returns the memory of some values for an exchange between ranks. */
    List<ByteBuffer> memory(GatheredTypes.Stretch stretch) {
        TensorType type = stretch.type();
        return HostRange.of(values.get(type).parts(), type.bytes(), stretch.from(), stretch.to());
    }

    /** Returns the memory of some stretches if each is in one buffer, else empty. */
    Optional<List<ByteBuffer>> whole(List<GatheredTypes.Stretch> stretches) {
        List<List<ByteBuffer>> all = stretches.stream().map(this::memory).toList();
        return all.stream().allMatch(buffers -> buffers.size() == 1)
                ? Optional.of(all.stream().flatMap(List::stream).toList())
                : Optional.empty();
    }

    /** Copies the memory to the device, if it is host memory. */
    void upload() {
        values.values().forEach(ofType -> ofType.parts().forEach(HostBuffer::upload));
    }
}
