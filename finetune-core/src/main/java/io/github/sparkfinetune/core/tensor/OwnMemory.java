package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.TorchJni;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A tensor's own memory. Java cannot access the memory of a tensor on a GPU; native code reads its address. */
record OwnMemory(NDArray tensor, ByteBuffer memory) implements HostBuffer {
    /** Returns the memory of a contiguous tensor of at most 2 GB. */
    static OwnMemory of(NDArray tensor) {
        // An empty tensor has no memory address, and JNI cannot make a buffer without one.
        return new OwnMemory(
                tensor, tensor.size() == 0 ? ByteBuffer.allocateDirect(0) : TorchJni.memory((PtNDArray) tensor));
    }

    @Override
    public ByteBuffer bytes() {
        return memory.duplicate().order(ByteOrder.nativeOrder());
    }

    @Override
    public void download() {
        // The bytes are the tensor's own memory.
    }

    @Override
    public void upload() {
        // The bytes are the tensor's own memory.
    }
}
