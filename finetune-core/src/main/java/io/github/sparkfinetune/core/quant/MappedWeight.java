package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.safetensors.TensorInfo;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.safetensors.TensorType;
import io.github.sparkfinetune.data.hf.Quoted;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A BF16 or F16 tensor that stays mapped in its safetensors file; its pages belong to the file cache, so the system may
 * drop and reread them. Widening is exact. The mapping outlives the {@link TensorSource}.
 */
public final class MappedWeight implements StoredWeight {
    /** Bytes of a mapping. */
    private static final int PART_BYTES = 1 << 30;

    private final TensorType dtype;
    private final long[] shape;
    private final long count;
    private final int partElements;
    private final List<ByteBuffer> parts;

    private MappedWeight(TensorInfo info, int partElements, List<ByteBuffer> parts) {
        this.dtype = info.dtype();
        this.shape = info.shape();
        this.count = info.count();
        this.partElements = partElements;
        this.parts = parts;
    }

    /**
     * Maps a tensor.
     *
     * @throws RunException when it is neither BF16 nor F16
     */
    public static MappedWeight of(TensorSource source, String name) {
        return of(source, name, PART_BYTES);
    }

    /** As {@link #of(TensorSource, String)}, with mappings of another even size. */
    static MappedWeight of(TensorSource source, String name, int partBytes) {
        TensorInfo info = source.info(name);
        if (info.dtype() != TensorType.BF16 && info.dtype() != TensorType.F16) {
            throw RunException.data(source.fileOf(name) + ": tensor " + Quoted.name(name) + " is of type "
                    + info.dtype() + ", only BF16 and F16 are widened from their file");
        }
        List<ByteBuffer> parts = new ArrayList<>();
        for (long from = 0; from < info.byteSize(); from += partBytes) {
            int length = (int) Math.min(partBytes, info.byteSize() - from);
            parts.add(source.buffer(name, from, length));
        }
        return new MappedWeight(info, partBytes / Short.BYTES, List.copyOf(parts));
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
            int inPart = (int) ((from + at) % partElements);
            length = Math.min(Math.min(HalfFloatWidener.SIZE, elements - at), partElements - inPart);
            ByteBuffer part = parts.get((int) ((from + at) / partElements));
            widener.widen(
                    part.slice(inPart * Short.BYTES, length * Short.BYTES),
                    floats.slice(at * Float.BYTES, length * Float.BYTES));
        }
    }
}
