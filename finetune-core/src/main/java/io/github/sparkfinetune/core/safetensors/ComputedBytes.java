package io.github.sparkfinetune.core.safetensors;

import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Values that are computed in F32 on reading, rounded to the stored type. */
final class ComputedBytes implements TensorBytes {
    private final TensorType dtype;
    private final TensorParts.Values values;
    private ByteBuffer bytes = ByteBuffer.allocate(0);
    private ByteBuffer wide = bytes;

    ComputedBytes(TensorType dtype, TensorParts.Values values) {
        this.dtype = dtype;
        this.values = values;
    }

    @Override
    public ByteBuffer read(long from, int length) {
        int count = length / dtype.bytes();
        bytes = room(bytes, length);
        if (dtype == TensorType.F32) {
            values.read(from / dtype.bytes(), bytes.asFloatBuffer());
        } else {
            wide = room(wide, Math.multiplyExact(count, Float.BYTES));
            FloatBuffer floats = wide.asFloatBuffer();
            values.read(from / dtype.bytes(), floats);
            dtype.narrow(floats, bytes);
        }
        return bytes.duplicate();
    }

    private static ByteBuffer room(ByteBuffer buffer, int length) {
        ByteBuffer enough = buffer.capacity() < length ? ByteBuffer.allocateDirect(length) : buffer;
        return enough.clear().limit(length).order(ByteOrder.LITTLE_ENDIAN);
    }
}
