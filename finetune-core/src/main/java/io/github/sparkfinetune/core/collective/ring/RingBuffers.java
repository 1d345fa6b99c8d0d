package io.github.sparkfinetune.core.collective.ring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** The buffers that the ring's thread lends to one operation after the other. */
final class RingBuffers {
    /** Floats added at a time: two such arrays stay in a core's first-level cache. */
    private static final int BLOCK = 2048;

    private final ByteBuffer incoming = direct();
    private final FloatBuffer incomingFloats = incoming.asFloatBuffer();
    private final ByteBuffer outgoing = direct();
    private final float[] sum = new float[BLOCK];
    private final float[] addend = new float[BLOCK];

    private static ByteBuffer direct() {
        return ByteBuffer.allocateDirect(RingOperation.CHUNK).order(ByteOrder.nativeOrder());
    }

    /** Empty room for a chunk to come. */
    ByteBuffer incoming(int length) {
        return incoming.clear().limit(length);
    }

    /** Empty room for a chunk to send. */
    ByteBuffer outgoing(int length) {
        return outgoing.clear().limit(length);
    }

    /** {@code floats[from + i] += incoming[i]} for i in [0, count). */
    void addIncoming(FloatBuffer floats, int from, int count) {
        add(incomingFloats, floats, from, count);
    }

    /** {@code floats[from + i] += addends[i]} for i in [0, count). */
    void add(FloatBuffer addends, FloatBuffer floats, int from, int count) {
        for (int done = 0; done < count; done += BLOCK) {
            int length = Math.min(BLOCK, count - done);
            floats.get(from + done, sum, 0, length);
            addends.get(done, addend, 0, length);
            add(sum, addend, length);
            floats.put(from + done, sum, 0, length);
        }
    }

    // Apart and over arrays, because that is what the JIT vectorises; over direct buffers it does not.
    private static void add(float[] sum, float[] addend, int length) {
        for (int i = 0; i < length; i++) {
            sum[i] += addend[i];
        }
    }
}
