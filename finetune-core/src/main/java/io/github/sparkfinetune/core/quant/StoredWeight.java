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
     * Writes elements [from, from + n) of the row-major matrix; of whole matrices by several threads see
     * {@link Widening}.
     *
     * @param from first element
     * @param target direct, native byte order; written from its position to its limit, which stay
     * @param type that they are written in: F32, or BF16 by the nearest
     */
    void widen(long from, ByteBuffer target, TensorType type);
}
