package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import java.nio.ByteBuffer;

/** The values of a tensor in host memory: the tensor's own memory, or a copy of it where it lives on a GPU. */
public interface HostBuffer {
    /** The tensor. */
    NDArray tensor();

    /** All bytes of the values, row-major and in native order; a new view at each call. */
    ByteBuffer bytes();

    /** Takes the tensor's values into {@link #bytes}, where these are a copy. */
    void download();

    /** Gives the tensor the values of {@link #bytes}, where these are a copy. Views of the tensor stay valid. */
    void upload();
}
