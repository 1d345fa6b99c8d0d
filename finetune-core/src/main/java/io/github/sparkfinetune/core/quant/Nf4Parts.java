package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** Tensors of {@link Nf4Checkpoint} for one weight, which is quantised when the first tensor is written. */
final class Nf4Parts {
    private final String name;
    private final long[] shape;
    private final boolean doubleQuant;
    private final Supplier<Nf4Tensor> quantized;
    private Nf4Tensor tensor;

    /** @param quantized called once; its result is freed after the last part is written */
    Nf4Parts(String name, long[] shape, boolean doubleQuant, Supplier<Nf4Tensor> quantized) {
        this.name = name;
        this.shape = shape;
        this.doubleQuant = doubleQuant;
        this.quantized = quantized;
    }

    /** Returns the tensors, in the order in which they must be written. */
    List<TensorData> tensors() {
        long count = TensorInfo.count(shape);
        long blocks = Nf4Codes.blocks(count);
        List<TensorData> parts = new ArrayList<>();
        parts.add(part("", TensorType.U8, new long[] {Nf4Codes.packedBytes(count), 1}, () -> {
            tensor = quantized.get();
            return tensor.packed();
        }));
        parts.add(part(".quant_map", TensorType.F32, Nf4Codes.values().length, () -> bytes(Nf4Codes.values())));
        if (doubleQuant) {
            long nested = (blocks + DynamicCode.BLOCK - 1) / DynamicCode.BLOCK;
            parts.add(part(".absmax", TensorType.U8, blocks, () -> nested().codes()));
            parts.add(part(".nested_absmax", TensorType.F32, nested, () -> bytes(nested().nestedAbsmax())));
            parts.add(part(".nested_quant_map", TensorType.F32, DynamicCode.CODES, () -> bytes(DynamicCode.values())));
        } else {
            parts.add(part(".absmax", TensorType.F32, blocks, () -> bytes(((Absmax.Plain) tensor.absmax()).values())));
        }
        parts.add(part(Nf4Checkpoint.STATE, TensorType.U8, QuantState.BYTES, () -> {
            ByteBuffer state = doubleQuant ? QuantState.write(shape, nested().offset()) : QuantState.write(shape, null);
            tensor = null;
            return state;
        }));
        return parts;
    }

    private Absmax.DoubleQuantized nested() {
        return (Absmax.DoubleQuantized) tensor.absmax();
    }

    private TensorData part(String ending, TensorType type, long count, Supplier<ByteBuffer> data) {
        return part(ending, type, new long[] {count}, data);
    }

    private TensorData part(String ending, TensorType type, long[] extents, Supplier<ByteBuffer> data) {
        return TensorData.of(name + ending, type, extents, data);
    }

    private static ByteBuffer bytes(float[] values) {
        return bytes(FloatBuffer.wrap(values));
    }

    private static ByteBuffer bytes(FloatBuffer values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.limit() * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values.duplicate().rewind());
        return bytes;
    }
}
