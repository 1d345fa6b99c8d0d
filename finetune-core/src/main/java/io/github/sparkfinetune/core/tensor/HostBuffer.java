package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;

/**
 * Values of a tensor in host memory: the tensor's own memory, or a copy if the tensor is on a GPU. For ranks that
 * exchange values on their GPUs, the tensor's own memory on the GPU.
 */
public interface HostBuffer {
    /** Returns the tensor. */
    NDArray tensor();

    /** Returns all bytes of the values, row-major and in native order; a new view at each call. */
    ByteBuffer bytes();

    /** Copies the tensor's values to {@link #bytes}, if these are a copy. */
    void download();

    /** Copies {@link #bytes} to the tensor, if these are a copy. Views of the tensor stay valid. */
    void upload();
}
