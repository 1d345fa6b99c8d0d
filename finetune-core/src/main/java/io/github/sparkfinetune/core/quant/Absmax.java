package io.github.sparkfinetune.core.quant;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/** Largest magnitude of each block of 64 weights, the scale of the block's NF4 values. */
sealed interface Absmax {

    /** Returns the number of blocks. */
    int blocks();

    /** Returns the size in memory, in bytes. */
    long byteSize();

    /**
     * Copies the absmax of some blocks.
     *
     * @param block index of the first block
     * @param count number of blocks
     * @param target receives the values from index 0
     */
    void read(int block, int count, float[] target);

    /**
     * Absmax in F32.
     *
     * @param values one value per block
     */
    record Plain(FloatBuffer values) implements Absmax {
        static Plain of(float[] values) {
            return new Plain(direct(values));
        }

        @Override
        public int blocks() {
            return values.limit();
        }

        @Override
        public long byteSize() {
            return (long) values.limit() * Float.BYTES;
        }

        @Override
        public void read(int block, int count, float[] target) {
            values.get(block, target, 0, count);
        }
    }

    /**
     * Double quantization: the absmax of block i = nestedCode[codes[i]] * nestedAbsmax[i / 256] + offset.
     *
     * @param codes one code per block
     * @param nestedAbsmax one scale per 256 blocks
     * @param nestedCode values of the 256 codes
     * @param offset mean of the absmax
     */
    record DoubleQuantized(ByteBuffer codes, FloatBuffer nestedAbsmax, FloatBuffer nestedCode, float offset)
            implements Absmax {
        /** Shared by all tensors that this process quantizes. */
        private static final FloatBuffer NESTED_CODE = direct(DynamicCode.values());

        public DoubleQuantized {
            if (nestedCode.limit() != DynamicCode.CODES
                    || nestedAbsmax.limit() != (codes.limit() + DynamicCode.BLOCK - 1) / DynamicCode.BLOCK) {
                throw new IllegalArgumentException(codes.limit() + " codes, " + nestedAbsmax.limit()
                        + " nested absmax, " + nestedCode.limit() + " values");
            }
        }

        /** Quantizes as bitsandbytes does. */
        static DoubleQuantized of(float[] absmax) {
            float offset = CascadeSum.mean(absmax);
            float[] centred = new float[absmax.length];
            for (int i = 0; i < absmax.length; i++) {
                centred[i] = absmax[i] - offset;
            }
            byte[] codes = new byte[absmax.length];
            float[] nestedAbsmax = new float[(absmax.length + DynamicCode.BLOCK - 1) / DynamicCode.BLOCK];
            for (int block = 0; block < nestedAbsmax.length; block++) {
                int from = block * DynamicCode.BLOCK;
                nestedAbsmax[block] =
                        DynamicCode.quantize(centred, from, Math.min(DynamicCode.BLOCK, codes.length - from), codes);
            }
            return new DoubleQuantized(
                    ByteBuffer.allocateDirect(codes.length).put(0, codes), direct(nestedAbsmax), NESTED_CODE, offset);
        }

        @Override
        public int blocks() {
            return codes.limit();
        }

        @Override
        public long byteSize() {
            return codes.limit() + (long) (nestedAbsmax.limit() + nestedCode.limit() + 1) * Float.BYTES;
        }

        @Override
        public void read(int block, int count, float[] target) {
            for (int i = 0; i < count; i++) {
                float value = nestedCode.get(codes.get(block + i) & 0xff);
                target[i] = value * nestedAbsmax.get((block + i) / DynamicCode.BLOCK) + offset;
            }
        }
    }

    private static FloatBuffer direct(float[] values) {
        return ByteBuffer.allocateDirect(values.length * Float.BYTES)
                .order(ByteOrder.nativeOrder())
                .asFloatBuffer()
                .put(0, values);
    }
}
