package io.github.sparkfinetune.core.quant;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Checks of the buffers that weights are widened into. */
final class Targets {
    private Targets() {}

    /**
     * The floats from the target's position to its limit.
     *
     * @param from first element to be written there
     * @param count elements that the weight has
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
