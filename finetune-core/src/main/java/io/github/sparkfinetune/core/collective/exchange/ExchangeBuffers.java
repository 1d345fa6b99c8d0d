package io.github.sparkfinetune.core.collective.exchange;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** Buffers that the exchange's thread lends to its operations in turn. Only that thread may use them. */
final class ExchangeBuffers {
    /** Number of floats that are added at a time: two arrays of them stay in a core's first-level cache. */
    private static final int BLOCK = 2048;

    private final Deque<ByteBuffer> free = new ArrayDeque<>();
    private final float[] sum = new float[BLOCK];
    private final float[] addend = new float[BLOCK];

    /** Lends a buffer for a chunk, in native order, which must be given {@link #back}. */
    ByteBuffer take(int length) {
        ByteBuffer last = free.pollLast();
        ByteBuffer buffer = last != null
                ? last
                : ByteBuffer.allocateDirect(ExchangeOperation.CHUNK).order(ByteOrder.nativeOrder());
        return buffer.clear().limit(length);
    }

    /** Takes back a lent buffer. */
    void back(ByteBuffer buffer) {
        free.addLast(buffer);
    }

    /** Computes {@code to[i] += addends[i]} for the floats of two buffers from 0 to their limits. */
    void add(ByteBuffer addends, ByteBuffer to) {
        FloatBuffer from = floats(addends);
        FloatBuffer floats = floats(to);
        int count = floats.limit();
        for (int done = 0; done < count; done += BLOCK) {
            int length = Math.min(BLOCK, count - done);
            floats.get(done, sum, 0, length);
            from.get(done, addend, 0, length);
            add(sum, addend, length);
            floats.put(done, sum, 0, length);
        }
    }

    private static FloatBuffer floats(ByteBuffer bytes) {
        return bytes.slice(0, bytes.limit()).order(ByteOrder.nativeOrder()).asFloatBuffer();
    }

    // The JIT vectorises this separate loop over arrays; it does not vectorise loops over direct buffers.
    private static void add(float[] sum, float[] addend, int length) {
        for (int i = 0; i < length; i++) {
            sum[i] += addend[i];
        }
    }
}
