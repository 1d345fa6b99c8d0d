package io.github.sparkfinetune.core.quant;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * A frozen weight that stays in a form smaller than F32 and is widened into a buffer of its reader's whenever it is
 * computed with. Immutable; any number of threads may widen it at once.
 */
public interface StoredWeight {

    /** Extents, outermost first. */
    long[] shape();

    /** Number of elements. */
    long count();

    /** Bytes of the stored form. */
    long byteSize();

    /**
     * Writes elements [from, from + n) of the row-major matrix as F32.
     *
     * @param from first element
     * @param target direct, native byte order; written from its position to its limit, 4 n bytes; both are the same
     *     afterwards
     * @param threads that may work on it, the caller's included; the result does not depend on it
     */
    void widen(long from, ByteBuffer target, int threads);

    /**
     * Writes the whole matrix as F32.
     *
     * @param target direct, native byte order; has 4 bytes remaining for each element
     * @throws IllegalArgumentException when the target is of another size
     */
    default void widen(ByteBuffer target, int threads) {
        if (target.remaining() != count() * Float.BYTES) {
            throw new IllegalArgumentException(
                    "a weight of " + count() + " elements does not fit " + target.remaining() + " bytes");
        }
        widen(0, target, threads);
    }

    /**
     * The target of {@link #widen(long, ByteBuffer, int)} as floats, for those who implement it.
     *
     * @param count elements that the weight has
     * @throws IllegalArgumentException when it does not hold whole floats in native byte order
     * @throws IndexOutOfBoundsException when it reaches beyond the weight
     */
    static FloatBuffer floats(ByteBuffer target, long from, long count) {
        if (target.order() != ByteOrder.nativeOrder() || target.remaining() % Float.BYTES != 0) {
            throw new IllegalArgumentException("the target must hold whole floats in native byte order");
        }
        FloatBuffer floats = target.slice().order(ByteOrder.nativeOrder()).asFloatBuffer();
        if (from < 0 || from > count - floats.limit()) {
            throw new IndexOutOfBoundsException(floats.limit() + " elements from " + from + " of a weight of " + count);
        }
        return floats;
    }
}
