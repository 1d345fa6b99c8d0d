package io.github.sparkfinetune.core.safetensors;

import java.util.Arrays;
import java.util.Objects;

/**
 * Type, shape and position of a tensor in its file.
 *
 * @param dtype element type
 * @param shape extents, outermost first; empty for a scalar
 * @param begin offset of the first byte from the end of the header
 * @param end offset after the last byte
 */
public record TensorInfo(TensorType dtype, long[] shape, long begin, long end) {

    public TensorInfo {
        Objects.requireNonNull(dtype, "dtype");
        shape = shape.clone();
    }

    @Override
    public long[] shape() {
        return shape.clone();
    }

    /** Returns the number of elements. */
    public long count() {
        return byteSize() / dtype.bytes();
    }

    /** Returns the number of bytes. */
    public long byteSize() {
        return end - begin;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorInfo that
                && dtype == that.dtype
                && Arrays.equals(shape, that.shape)
                && begin == that.begin
                && end == that.end;
    }

    @Override
    public int hashCode() {
        return Objects.hash(dtype, Arrays.hashCode(shape), begin, end);
    }

    @Override
    public String toString() {
        return dtype + Arrays.toString(shape);
    }

    /**
     * Returns the product of the extents.
     *
     * @throws ArithmeticException if the product exceeds a long, or an extent is negative
     */
    public static long count(long[] shape) {
        long count = 1;
        for (long extent : shape) {
            if (extent < 0) {
                throw new ArithmeticException("negative extent");
            }
            count = Math.multiplyExact(count, extent);
        }
        return count;
    }
}
