package io.github.sparkfinetune.core.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A tensor to be written.
 *
 * @param name its name in the file
 * @param dtype element type
 * @param shape extents, outermost first
 * @param data asked for once, when the tensor is written, so that only one need be in host memory at a time; gives the
 *     tensor's bytes from position to limit, little-endian, row-major
 */
public record TensorData(String name, TensorType dtype, long[] shape, Supplier<ByteBuffer> data) {

    public TensorData {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(dtype, "dtype");
        Objects.requireNonNull(data, "data");
        shape = shape.clone();
        long bytes = Math.multiplyExact(TensorInfo.count(shape), dtype.bytes());
        if (bytes > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("tensor " + name + " is above 2 GB: " + bytes + " bytes");
        }
        if (name.equals(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException("a tensor can't be named " + name);
        }
    }

    /** The same under another name. */
    public TensorData named(String other) {
        return new TensorData(other, dtype, shape, data);
    }

    /** A tensor that is in host memory already. */
    public static TensorData of(String name, TensorType dtype, long[] shape, ByteBuffer bytes) {
        return new TensorData(name, dtype, shape, () -> bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN));
    }

    /** An F32 tensor that is in host memory already. */
    public static TensorData f32(String name, long[] shape, ByteBuffer bytes) {
        return of(name, TensorType.F32, shape, bytes);
    }

    /**
     * A tensor that is computed in F32 when it is written, and stored in another type.
     *
     * @param dtype F32, F16 or BF16; rounded to the nearest
     * @param values asked for once; as many as the tensor has, from position to limit
     */
    public static TensorData narrowed(String name, TensorType dtype, long[] shape, Supplier<FloatBuffer> values) {
        if (dtype != TensorType.F32 && dtype != TensorType.F16 && dtype != TensorType.BF16) {
            throw new IllegalArgumentException("tensor " + name + ": " + dtype);
        }
        return new TensorData(name, dtype, shape, () -> {
            FloatBuffer floats = values.get();
            ByteBuffer bytes = ByteBuffer.allocateDirect(floats.remaining() * dtype.bytes())
                    .order(ByteOrder.LITTLE_ENDIAN);
            while (floats.hasRemaining()) {
                float value = floats.get();
                switch (dtype) {
                    case BF16 -> bytes.putShort(HalfFloat.toBf16(value));
                    case F16 -> bytes.putShort(HalfFloat.toF16(value));
                    default -> bytes.putFloat(value);
                }
            }
            return bytes.flip();
        });
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** The values of an F32 tensor, asked for anew at each call. */
    public FloatBuffer floats() {
        if (dtype != TensorType.F32) {
            throw new IllegalStateException("tensor " + name + " is of type " + dtype);
        }
        return data.get().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    }

    /** Number of bytes. */
    public long byteSize() {
        return TensorInfo.count(shape) * dtype.bytes();
    }

    @Override
    public boolean equals(Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
