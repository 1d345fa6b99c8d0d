package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * Small tensors of values from Java, of which a step makes many. On the CPU their memory is PyTorch's and free when
 * they are closed. DJL's {@code create} takes a direct buffer instead, which stays until the next garbage collection,
 * minutes later in a training: a few KB each, all over the allocator's heap, between which freed tensors can't grow
 * together.
 */
public final class Tensors {
    private Tensors() {}

    /** Numbers as I64. */
    public static NDArray of(NDManager owner, long[] values) {
        return of(owner, values, new Shape(values.length));
    }

    /** Numbers as I64. */
    public static NDArray of(NDManager owner, long[] values, Shape shape) {
        return Device.of(owner).create(owner, values, shape);
    }

    /** Numbers as F32. */
    public static NDArray of(NDManager owner, float[] values, Shape shape) {
        return Device.of(owner).create(owner, values, shape);
    }

    /** A number as F32, of no dimension. */
    public static NDArray of(NDManager owner, double value) {
        return of(owner, new float[] {(float) value}, new Shape());
    }
}
