package io.github.sparkfinetune.core.quant;

import io.github.sparkfinetune.core.safetensors.TensorType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** Memory for numbers in F32, or in BF16 rounded to the nearest. */
abstract class FloatTarget {
    /**
     * Returns the target for elements of a weight.
     *
     * @param memory memory, written from its position to its limit, which do not change
     * @param type F32 or BF16
     * @param from index of the weight's element at the start of the memory
     * @param count number of elements of the weight
     * @throws IllegalArgumentException if the memory does not hold whole numbers in native byte order
     * @throws IndexOutOfBoundsException if the memory reaches beyond the weight
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

    /** Returns the number of numbers that fit. */
    abstract int limit();

    /**
     * Writes weights of full NF4 blocks.
     *
     * @param at index of the first written number
     * @param codes codes, as for {@link Nf4Codes#dequantize(byte[], float[], int, float[])}
     * @param scales scales of the blocks
     * @param skipped number of weights before the written weights
     * @param length number of written weights
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
