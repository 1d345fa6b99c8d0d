package io.github.sparkfinetune.core.safetensors;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Small tensors for tests. */
public final class Tensors {
    private Tensors() {}

    public static ByteBuffer floats(float... values) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        return bytes;
    }

    public static TensorData vector(String name, float... values) {
        return TensorData.f32(name, new long[] {values.length}, floats(values));
    }
}
