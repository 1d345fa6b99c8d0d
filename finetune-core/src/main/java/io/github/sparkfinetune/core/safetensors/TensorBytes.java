package io.github.sparkfinetune.core.safetensors;

import java.nio.ByteBuffer;

/** Bytes of a tensor of any size that is written, little-endian and row-major. */
@FunctionalInterface
public interface TensorBytes {
    /**
     * Returns some of the bytes, from position to limit, valid until the next call.
     *
     * @param from index of the first byte
     * @param length number of bytes, of whole elements
     */
    ByteBuffer read(long from, int length);
}
