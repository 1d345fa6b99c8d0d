package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.core.tensor.TensorParts;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * A tensor of any size to write, one part after the other.
 *
 * @param name name in the file
 * @param dtype element type
 * @param shape extents, outermost first
 * @param data opens the tensor each time it is written, so that only one tensor at a time must be in host memory
 */
public record TensorData(String name, TensorType dtype, long[] shape, Supplier<? extends TensorBytes> data) {

    /** Receiver of a tensor's bytes. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Receives the next bytes.
         *
         * @param bytes little-endian bytes, from position to limit; valid until the call returns
         */
        void write(ByteBuffer bytes) throws IOException;
    }

    public TensorData {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(dtype, "dtype");
        Objects.requireNonNull(data, "data");
        shape = shape.clone();
        Math.multiplyExact(TensorInfo.count(shape), dtype.bytes());
        if (name.equals(SafetensorsHeader.METADATA)) {
            throw new IllegalArgumentException("a tensor cannot be named " + name);
        }
    }

    /**
     * Returns a tensor that one buffer holds.
     *
     * @param bytes called each time the tensor is opened; returns its bytes from position to limit, little-endian,
     *     row-major
     */
    public static TensorData of(String name, TensorType dtype, long[] shape, Supplier<ByteBuffer> bytes) {
        return new TensorData(name, dtype, shape, () -> {
            ByteBuffer all = bytes.get();
            long expected = TensorInfo.count(shape) * dtype.bytes();
            if (all.remaining() != expected) {
                throw new IllegalArgumentException(
                        "tensor " + name + " needs " + expected + " bytes, its buffer has " + all.remaining());
            }
            return (from, length) -> all.slice(all.position() + (int) from, length);
        });
    }

    /** Returns a tensor that is in host memory. */
    public static TensorData of(String name, TensorType dtype, long[] shape, ByteBuffer bytes) {
        return of(name, dtype, shape, () -> bytes);
    }

    /** Returns an F32 tensor that is in host memory. */
    public static TensorData f32(String name, long[] shape, ByteBuffer bytes) {
        return of(name, TensorType.F32, shape, bytes);
    }

    /** Returns an F32 tensor of values. */
    public static TensorData f32(String name, long[] shape, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return f32(name, shape, bytes);
    }

    /**
     * Returns a tensor of a source, which must stay open until the tensor is written.
     *
     * @param stored name of the tensor in the source
     */
    public static TensorData of(String name, TensorSource source, String stored) {
        TensorInfo info = source.info(stored);
        return new TensorData(
                name, info.dtype(), info.shape(), () -> (from, length) -> source.buffer(stored, from, length));
    }

    /**
     * Returns a tensor that is computed in F32 while it is written, and stored in another type.
     *
     * @param dtype F32, F16 or BF16; values are rounded to the nearest
     * @param values called each time the tensor is opened
     */
    public static TensorData computed(
            String name, TensorType dtype, long[] shape, Supplier<? extends TensorParts.Values> values) {
        if (!dtype.isFloat()) {
            throw new IllegalArgumentException("tensor " + name + ": " + dtype);
        }
        return new TensorData(name, dtype, shape, () -> new ComputedBytes(dtype, values.get()));
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Returns this tensor with another name. */
    public TensorData named(String other) {
        return new TensorData(other, dtype, shape, data);
    }

    /** Returns this tensor in another type: widened exactly, or rounded to the nearest. */
    public TensorData as(TensorType type) {
        return type == dtype ? this : computed(name, type, shape, this::values);
    }

    /** Opens the values of a tensor of floats, as F32; they may be read in any order. */
    public TensorParts.Values values() {
        if (!dtype.isFloat()) {
            throw new IllegalStateException("tensor " + name + " has type " + dtype);
        }
        TensorBytes bytes = data.get();
        int part = TensorParts.bytes() / Float.BYTES;
        return (from, target) -> {
            for (int done = 0; done < target.remaining(); done += part) {
                int count = Math.min(part, target.remaining() - done);
                dtype.widen(
                        bytes.read((from + done) * dtype.bytes(), count * dtype.bytes()),
                        target.slice(target.position() + done, count));
            }
        };
    }

    /** Returns the values of an F32 tensor that one buffer holds; each call opens the tensor again. */
    public FloatBuffer floats() {
        if (dtype != TensorType.F32) {
            throw new IllegalStateException("tensor " + name + " has type " + dtype);
        }
        return data.get()
                .read(0, Math.toIntExact(byteSize()))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer();
    }

    /** Returns whether another tensor has the same bytes. */
    public boolean hasBytesOf(TensorData other) {
        TensorBytes mine = data.get();
        TensorBytes others = other.data().get();
        boolean same = byteSize() == other.byteSize();
        int part = TensorParts.bytes();
        for (long from = 0; same && from < byteSize(); from += part) {
            int length = (int) Math.min(part, byteSize() - from);
            same = mine.read(from, length).equals(others.read(from, length));
        }
        return same;
    }

    /** Writes the tensor's bytes to a sink, part after part. */
    public void writeTo(Sink sink) throws IOException {
        TensorBytes bytes = data.get();
        int part = TensorParts.bytes();
        for (long from = 0; from < byteSize(); from += part) {
            int length = (int) Math.min(part, byteSize() - from);
            ByteBuffer read = bytes.read(from, length);
            if (read.remaining() != length) {
                throw new IllegalStateException("tensor " + name + ": " + read.remaining() + " of " + length
                        + " bytes were read from byte " + from + " on");
            }
            sink.write(read);
        }
    }

    /** Returns the number of bytes. */
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
