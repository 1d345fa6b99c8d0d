package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.safetensors.MappedTensor;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.files.Quoted;
import java.nio.ByteBuffer;

/**
 * A BF16 or F16 tensor that stays mapped in its safetensors file. Its pages belong to the file cache, so the system may
 * drop and reread them. Widening is exact. The mapping outlives the {@link TensorSource}.
 */
public final class MappedWeight implements StoredWeight {
    private final TensorType dtype;
    private final long[] shape;
    private final long count;
    private final MappedTensor bytes;

    private MappedWeight(TensorInfo info, MappedTensor bytes) {
        this.dtype = info.dtype();
        this.shape = info.shape();
        this.count = info.count();
        this.bytes = bytes;
    }

    /**
     * Maps a tensor.
     *
     * @throws RunException if the tensor is neither BF16 nor F16
     */
    public static MappedWeight of(TensorSource source, String name) {
        TensorInfo info = source.info(name);
        if (info.dtype() != TensorType.BF16 && info.dtype() != TensorType.F16) {
            throw RunException.data(source.fileOf(name) + ": tensor " + Quoted.name(name) + " has type " + info.dtype()
                    + ", only BF16 and F16 are widened from their file");
        }
        return new MappedWeight(info, MappedTensor.of(source, name));
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    @Override
    public long count() {
        return count;
    }

    @Override
    public long byteSize() {
        return count * Short.BYTES;
    }

    @Override
    public void widen(long from, ByteBuffer target, TensorType type) {
        if (type != TensorType.F32) {
            throw new IllegalArgumentException("products in " + type + " read 16-bit weights without widening them");
        }
        int elements = FloatTarget.of(target, type, from, count).limit();
        ByteBuffer floats = target.slice();
        HalfFloatWidener widener = HalfFloatWidener.of(dtype);
        int length;
        for (int at = 0; at < elements; at += length) {
            length = Math.min(HalfFloatWidener.SIZE, elements - at);
            widener.widen(
                    bytes.read((from + at) * Short.BYTES, length * Short.BYTES),
                    floats.slice(at * Float.BYTES, length * Float.BYTES));
        }
    }
}
