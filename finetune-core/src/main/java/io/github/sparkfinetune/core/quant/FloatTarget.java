package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** Memory that numbers are written to, in F32, or in BF16 by the nearest. */
abstract class FloatTarget {
    /**
     * Elements of a weight.
     *
     * @param memory written from its position to its limit, which stay
     * @param type F32 or BF16
     * @param from the weight's element that the memory begins with
     * @param count elements of the weight
     * @throws IllegalArgumentException when it does not hold whole numbers in native byte order
     * @throws IndexOutOfBoundsException when it reaches beyond the weight
     */
    static FloatTarget of(ByteBuffer memory, TensorType type, long from, long count) {
        if (memory.order() != ByteOrder.nativeOrder() || memory.remaining() % type.bytes() != 0) {
            throw new IllegalArgumentException("the target must hold whole numbers in native byte order");
        }
        int length = memory.remaining() / type.bytes();
        if (from < 0 || from > count - length) {
            throw new IndexOutOfBoundsException(length + " elements from " + from + " of a weight of " + count);
        }
        ByteBuffer own = memory.slice().order(ByteOrder.nativeOrder());
        return switch (type) {
            case F32 -> new F32(own.asFloatBuffer());
            case BF16 -> new Bf16(own.asShortBuffer());
            default -> throw new IllegalArgumentException("no weight is widened to " + type);
        };
    }

    /** Numbers that there is room for. */
    abstract int limit();

    /**
     * Writes weights of full blocks of NF4 from a place on.
     *
     * @param codes as {@link Nf4Codes#dequantize(byte[], float[], int, float[])} reads them
     * @param scales of the blocks
     * @param skipped weights before those that are written
     * @param length how many are written
     */
    abstract void put(int at, byte[] codes, float[] scales, int blocks, int skipped, int length);

    private static final class F32 extends FloatTarget {
        private final FloatBuffer floats;

        F32(FloatBuffer floats) {
            this.floats = floats;
        }

        @Override
        int limit() {
            return floats.limit();
        }

        @Override
        void put(int at, byte[] codes, float[] scales, int blocks, int skipped, int length) {
            float[] weights = new float[blocks * Nf4Codes.BLOCK];
            Nf4Codes.dequantize(codes, scales, blocks, weights);
            floats.put(at, weights, skipped, length);
        }
    }

    private static final class Bf16 extends FloatTarget {
        private final ShortBuffer halves;

        Bf16(ShortBuffer halves) {
            this.halves = halves;
        }

        @Override
        int limit() {
            return halves.limit();
        }

        @Override
        void put(int at, byte[] codes, float[] scales, int blocks, int skipped, int length) {
            short[] weights = new short[blocks * Nf4Codes.BLOCK];
            Nf4Codes.dequantize(codes, scales, blocks, weights);
            halves.put(at, weights, skipped, length);
        }
    }
}
