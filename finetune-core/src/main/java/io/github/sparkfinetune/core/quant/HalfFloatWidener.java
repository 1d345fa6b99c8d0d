package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.HalfFloat;
import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Widening of runs of 16-bit floats through arrays that stay in the first-level cache. Source and target are
 * little-endian, like every platform with PyTorch binaries. Not thread-safe.
 */
abstract class HalfFloatWidener {
    /** Number of elements that are widened at a time. */
    static final int SIZE = 2048;

    /** @param dtype BF16 or F16 */
    static HalfFloatWidener of(TensorType dtype) {
        return dtype == TensorType.BF16 ? new Bf16() : new F16();
    }

    /**
     * Widens a run.
     *
     * @param source at most {@link #SIZE} elements, from index 0 to the limit
     * @param target memory of twice as many bytes
     */
    abstract void widen(ByteBuffer source, ByteBuffer target);

    /** A BF16 is the upper half of an F32; four numbers are widened at a time, as integers. */
    private static final class Bf16 extends HalfFloatWidener {
        private static final int IN_WORD = Long.BYTES / Short.BYTES;
        private static final long EVEN = 0xffff_0000L;
        private static final long ODD = 0xffff_0000_0000_0000L;

        private final long[] halves = new long[SIZE / IN_WORD];
        private final long[] floats = new long[2 * halves.length];

        @Override
        void widen(ByteBuffer source, ByteBuffer target) {
            ByteBuffer from = source.order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer to = target.order(ByteOrder.LITTLE_ENDIAN);
            int words = source.limit() / Long.BYTES;
            from.asLongBuffer().get(0, halves, 0, words);
            for (int i = 0; i < words; i++) {
                long four = halves[i];
                floats[2 * i] = (four << 16 & EVEN) | (four << 32 & ODD);
                floats[2 * i + 1] = (four >>> 16 & EVEN) | (four & ODD);
            }
            to.asLongBuffer().put(0, floats, 0, 2 * words);
            for (int at = words * Long.BYTES; at < source.limit(); at += Short.BYTES) {
                to.putFloat(2 * at, HalfFloat.fromBf16(from.getShort(at)));
            }
        }
    }

    private static final class F16 extends HalfFloatWidener {
        /** All numbers by their bits; a lookup needs no branch on the exponent. */
        private static final float[] VALUES = new float[1 << Short.SIZE];

        static {
            for (int bits = 0; bits < VALUES.length; bits++) {
                VALUES[bits] = HalfFloat.fromF16((short) bits);
            }
        }

        private final short[] halves = new short[SIZE];
        private final float[] floats = new float[SIZE];

        @Override
        void widen(ByteBuffer source, ByteBuffer target) {
            int length = source.limit() / Short.BYTES;
            source.order(ByteOrder.LITTLE_ENDIAN).asShortBuffer().get(0, halves, 0, length);
            for (int i = 0; i < length; i++) {
                floats[i] = VALUES[halves[i] & 0xffff];
            }
            target.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(0, floats, 0, length);
        }
    }
}
