package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;

/**
 * A frozen weight in a small form, which its reader widens into a buffer before each computation. Immutable; any number
 * of threads may widen a weight at once.
 */
public interface StoredWeight {

    /** Returns the extents, outermost first. */
    long[] shape();

    /**
     * Returns whether the weight is the transpose of the model's matrix: bitsandbytes quantises GPT-2's Conv1D, [in,
     * out], as a linear, [out, in].
     */
    default boolean isTransposed() {
        return false;
    }

    /** Returns the number of elements. */
    long count();

    /** Returns the size of the stored form, in bytes. */
    long byteSize();

    /**
     * Writes elements [from, from + n) of the row-major matrix. {@link Widening} widens whole matrices on several
     * threads.
     *
     * @param from index of the first element
     * @param target direct buffer in native byte order, written from its position to its limit, which do not change
     * @param type type of the written elements: F32, or BF16 rounded to the nearest
     */
    void widen(long from, ByteBuffer target, TensorType type);
}
