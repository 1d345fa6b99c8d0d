package io.github.sparkfinetune.core.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Small tensors for tests. */
final class Tensors {
    private Tensors() {}

    static ByteBuffer floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes;
    }

    static TensorData vector(String name, float... values) {
        return TensorData.f32(name, new long[] {values.length}, floats(values));
    }
}
