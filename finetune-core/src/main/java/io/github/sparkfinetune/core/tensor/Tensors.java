package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/**
 * Small tensors of values from Java; each step creates many. On the CPU, their memory is PyTorch's and is freed when
 * they are closed. DJL's {@code create} allocates a direct buffer instead, which stays until the next garbage
 * collection, minutes later in a training run. Such buffers of a few KB all over the allocator's heap keep freed
 * tensors from merging.
 */
public final class Tensors {
    private Tensors() {}

    /** Creates an I64 tensor of one dimension. */
    public static NDArray of(NDManager owner, long[] values) {
        return of(owner, values, new Shape(values.length));
    }

    /** Creates an I64 tensor. */
    public static NDArray of(NDManager owner, long[] values, Shape shape) {
        return Device.of(owner).create(owner, values, shape);
    }

    /** Creates an I32 tensor of one dimension. */
    public static NDArray of(NDManager owner, int[] values) {
        return Device.of(owner).create(owner, values, new Shape(values.length));
    }

    /** Creates an F32 tensor. */
    public static NDArray of(NDManager owner, float[] values, Shape shape) {
        return Device.of(owner).create(owner, values, shape);
    }

    /** Creates an F64 tensor. */
    public static NDArray of(NDManager owner, double[] values, Shape shape) {
        return Device.of(owner).create(owner, values, shape);
    }

    /** Creates an F32 scalar. */
    public static NDArray of(NDManager owner, double value) {
        return of(owner, new float[] {(float) value}, new Shape());
    }
}
