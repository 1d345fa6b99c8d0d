package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.quant.Nf4Tensor;
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
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Buffers in F32 or BF16 for weights that are stored in a smaller form. All layers of a model share them. There is one
 * buffer for each linear of a layer. A buffer is filled again before each use of a layer, forward and backward. A
 * caller must call {@link #hold} before computing with a buffer's tensor; PyTorch does not notice that the content
 * changes. Belongs to one rank.
 */
public final class DequantBuffers {
    private final Device device;
    private final ScriptModule script;
    private final TensorType type;
    private final int threads;
    private final Map<String, Staged> buffers = new HashMap<>();
    private final IdentityHashMap<Staged, List<HostBuffer>> onHost = new IdentityHashMap<>();
    private final Optional<ResidentCodes> resident;
    private Object held;

    /**
     * A tensor and its memory.
     *
     * @param written the same values, as a tensor whose writes a recorded graph does not see
     * @param memory the same values as bytes
     */
    private record Staged(NDArray tensor, NDArray written, NDArray memory) {}

    /**
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param bf16 whether products read BF16 instead of F32
     */
    public DequantBuffers(Device device, ScriptModule script, boolean bf16, int threads) {
        this.device = device;
        this.script = script;
        this.type = bf16 ? TensorType.BF16 : TensorType.F32;
        this.threads = threads;
        this.resident = device.readsInPlace() ? Optional.empty() : Optional.of(new ResidentCodes(device.manager()));
    }

    /** Returns the tensor of a weight. The local name is the weight's name in the layer. */
    public NDArray tensor(String local, StoredWeight weight) {
        NDArray tensor = buffer(local, weight.shape()).tensor();
        return weight.isTransposed() ? tensor.transpose() : tensor;
    }

    /**
     * Takes codes that are on the GPU while a weight's layer is computed.
     *
     * @param packed the codes [bytes], U8
     */
    public void lend(Nf4Tensor weight, NDArray packed) {
        resident.orElseThrow().lend(weight, packed);
    }

    private Staged buffer(String local, long[] shape) {
        return buffers.computeIfAbsent(local + Arrays.toString(shape), key -> staged(shape));
    }

    private Staged staged(long... shape) {
        NDManager manager = device.manager();
        Shape bytes = new Shape(Math.multiplyExact(new Shape(shape).size(), type.bytes()));
        // DJL cannot create tensors in BF16. A recorded graph would refuse a weight that is itself written to.
        NDArray memory = manager.create(bytes, DataType.UINT8);
        return new Staged(over(memory, shape), over(memory, shape), memory);
    }

    /** Returns a buffer's bytes in host memory, which a GPU that widens the weight itself does not need. */
    private List<HostBuffer> parts(String local, long[] shape) {
        Staged buffer = buffer(local, shape);
        return onHost.computeIfAbsent(
                buffer, some -> TensorParts.inHostMemory(device.manager(), device, script, some.memory()));
    }

    private NDArray over(NDArray memory, long... shape) {
        return script.callOne(memory.getManager(), "over_bytes", memory, shape, type == TensorType.BF16);
    }

    /**
     * Fills the buffers with weights, unless they hold this owner's weights already.
     *
     * @param owner identity of the weights, which never change
     */
    public void hold(Object owner, Map<String, StoredWeight> weights) {
        if (held == owner) {
            return;
        }
        List<HostBuffer> filled = new ArrayList<>();
        List<Widening> all = new ArrayList<>();
        weights.forEach((local, weight) -> {
            if (resident.isPresent()
                    && weight instanceof Nf4Tensor codes
                    && resident.orElseThrow().canWiden(codes)) {
                resident.orElseThrow()
                        .widen(codes, buffer(local, weight.shape()).written());
                return;
            }
            List<HostBuffer> parts = parts(local, weight.shape());
            filled.addAll(parts);
            all.add(new Widening(weight, parts.stream().map(HostBuffer::bytes).toList()));
        });
        Widening.run(all, type, threads);
        filled.forEach(HostBuffer::upload);
        held = owner;
    }
}
