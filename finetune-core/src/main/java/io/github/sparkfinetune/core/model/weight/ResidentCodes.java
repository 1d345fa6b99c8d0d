package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.quant.Nf4Tensor;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.nio.ByteBuffer;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/**
 * Weights in 4 bits on a GPU. Their codes and scales are copied once; the GPU widens them, with the bits that the host
 * would write.
 */
final class ResidentCodes {
    private final NDManager manager;
    private final ScriptModule script;
    private final NDArray pairs;
    private final IdentityHashMap<Nf4Tensor, Codes> copies = new IdentityHashMap<>();

    private record Codes(NDArray packed, NDArray scales) {}

    /** @param manager owner of the copies, on the GPU */
    ResidentCodes(NDManager manager) {
        this.manager = manager;
        this.script = ScriptModule.load(manager, List.of("core.quant.nf4"), Map.of());
        float[] values = Nf4Tensor.pairs();
        this.pairs = Tensors.of(manager, values, new Shape(values.length / 2, 2));
    }

    /**
     * Takes codes that are on the GPU while the weight is widened.
     *
     * @param packed the codes [bytes], U8
     */
    void lend(Nf4Tensor weight, NDArray packed) {
        copies.put(weight, new Codes(packed, scales(weight)));
    }

    /** Returns whether the GPU can widen a weight. */
    boolean canWiden(Nf4Tensor weight) {
        return weight.isKept() || copies.containsKey(weight);
    }

    /** @param target contiguous tensor in F32 or BF16 that receives the elements */
    void widen(Nf4Tensor weight, NDArray target) {
        Codes codes = copies.computeIfAbsent(weight, this::copy);
        try (NDManager owner = manager.newSubManager()) {
            script.call(owner, "widen", codes.packed(), codes.scales(), pairs, target);
        }
    }

    private Codes copy(Nf4Tensor weight) {
        ByteBuffer packed = weight.packed();
        return new Codes(manager.create(packed, new Shape(packed.remaining()), DataType.UINT8), scales(weight));
    }

    private NDArray scales(Nf4Tensor weight) {
        float[] scales = weight.scales();
        return Tensors.of(manager, scales, new Shape(scales.length));
    }
}
