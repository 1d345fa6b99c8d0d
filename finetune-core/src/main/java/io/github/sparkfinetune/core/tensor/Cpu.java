package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/** The CPU. Java reads and writes the tensors' own memory. */
record Cpu(NDManager manager) implements Device {
    @Override
    public NDArray create(NDManager owner, long[] values, Shape shape) {
        NDArray tensor = owner.create(shape, DataType.INT64);
        read(tensor).asLongBuffer().put(values);
        return tensor;
    }

    @Override
    public NDArray create(NDManager owner, int[] values, Shape shape) {
        NDArray tensor = owner.create(shape, DataType.INT32);
        read(tensor).asIntBuffer().put(values);
        return tensor;
    }

    @Override
    public NDArray create(NDManager owner, float[] values, Shape shape) {
        NDArray tensor = owner.create(shape, DataType.FLOAT32);
        read(tensor).asFloatBuffer().put(values);
        return tensor;
    }

    @Override
    public NDArray create(NDManager owner, double[] values, Shape shape) {
        NDArray tensor = owner.create(shape, DataType.FLOAT64);
        read(tensor).asDoubleBuffer().put(values);
        return tensor;
    }

    @Override
    public ByteBuffer read(NDArray tensor) {
        // An empty tensor has no memory address, and JNI cannot make a buffer without one.
        ByteBuffer memory = tensor.size() == 0 ? ByteBuffer.allocate(0) : tensor.toByteBuffer(true);
        return memory.order(ByteOrder.nativeOrder());
    }

    @Override
    public boolean readsInPlace() {
        return true;
    }

    @Override
    public HostBuffer hostBuffer(NDArray tensor) {
        return new OwnMemory(tensor, read(tensor));
    }

    @Override
    public HostBuffer exchangeBuffer(NDArray tensor) {
        return hostBuffer(tensor);
    }

    @Override
    public boolean exchangesOnDevice() {
        return false;
    }

    @Override
    public void stage(NDArray tensor, Consumer<HostBuffer> visitor) {
        visitor.accept(hostBuffer(tensor));
    }

    @Override
    public boolean hasFusedAttention() {
        return true;
    }

    @Override
    public boolean hasFlashAttention() {
        return false;
    }

    @Override
    public boolean prefersBf16() {
        return false;
    }
}
