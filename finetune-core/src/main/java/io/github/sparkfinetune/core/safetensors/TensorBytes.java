package io.github.sparkfinetune.core.safetensors;

import java.nio.ByteBuffer;

/** The bytes of a tensor of any size while it is written, little-endian and row-major. */
@FunctionalInterface
public interface TensorBytes {
    /**
     * Returns some of the bytes, from position to limit, valid until the next call.
     *
     * @param from first byte
     * @param length number of bytes, whole elements
     */
    ByteBuffer read(long from, int length);
}
