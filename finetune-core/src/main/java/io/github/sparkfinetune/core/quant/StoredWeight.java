package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;

/**
 * A frozen weight that stays in a small form and is widened into a buffer of its reader's whenever it is computed with.
 * Immutable; any number of threads may widen it at once.
 */
public interface StoredWeight {

    /** Extents, outermost first. */
    long[] shape();

    /**
     * Whether it is the transpose of the matrix that the model knows: bitsandbytes quantises GPT-2's Conv1D, [in, out],
     * as a linear, [out, in].
     */
    default boolean isTransposed() {
        return false;
    }

    /** Number of elements. */
    long count();

    /** Bytes of the stored form. */
    long byteSize();

    /**
     * Writes elements [from, from + n) of the row-major matrix.
     *
     * @param from first element
     * @param target direct, native byte order; written from its position to its limit, which stay
     * @param type that they are written in: F32, or BF16 by the nearest
     * @param threads that may work on it, the caller's included; the result does not depend on it
     */
    void widen(long from, ByteBuffer target, TensorType type, int threads);

    /**
     * Writes the whole matrix.
     *
     * @param target direct, native byte order; has as many bytes remaining as the elements take in the type
     * @throws IllegalArgumentException when the target is of another size
     */
    default void widen(ByteBuffer target, TensorType type, int threads) {
        if (target.remaining() != count() * type.bytes()) {
            throw new IllegalArgumentException(
                    "a weight of " + count() + " elements does not fit " + target.remaining() + " bytes");
        }
        widen(0, target, type, threads);
    }
}
