package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.RunException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.function.Consumer;

/**
 * Where tensors live and operators run: the processor, or one GPU. All that differs between them is asked here. Belongs
 * to one rank, not for concurrent use.
 */
public sealed interface Device permits Cpu, Cuda {
    /**
     * The device of a rank, with a manager of its own, which the caller closes.
     *
     * @param gpu index of the GPU, or -1 for the CPU
     * @throws RunException where PyTorch sees no such GPU
     */
    static Device of(int gpu) {
        return of(Torch.manager(gpu));
    }

    /** The device that a manager's tensors live on. */
    static Device of(NDManager manager) {
        return manager.getDevice().isGpu() ? new Cuda(manager) : new Cpu(manager);
    }

    /** Owner of what lives as long as the device is used. */
    NDManager manager();

    /** A tensor of values from Java as I64. */
    NDArray create(NDManager owner, long[] values, Shape shape);

    /** A tensor of values from Java as F32. */
    NDArray create(NDManager owner, float[] values, Shape shape);

    /**
     * The bytes of a tensor of at most 2 GB, row-major, in native order, from position 0 to the limit. On the CPU they
     * are the tensor's own memory; from a GPU they are copied to a buffer that the next read overwrites.
     */
    ByteBuffer read(NDArray tensor);

    /** Whether {@link #read} gives a tensor's own memory. */
    boolean readsInPlace();

    /** Host memory for the values of a tensor of at most 2 GB. On the CPU it is the tensor's own memory. */
    HostBuffer hostBuffer(NDArray tensor);

    /**
     * Overwrites an F32 tensor in place.
     *
     * @param values fills a buffer of as many floats as the tensor has, row-major
     */
    default void write(NDArray tensor, Consumer<FloatBuffer> values) {
        HostBuffer host = hostBuffer(tensor);
        values.accept(host.bytes().asFloatBuffer());
        host.upload();
    }

    /** Whether attention is computed and differentiated by PyTorch's fused kernel for processors. */
    boolean hasFusedAttention();

    /** Whether matrix products are faster in BF16 than in F32, so that {@code precision: auto} takes BF16. */
    boolean prefersBf16();

    /** Bytes of a tensor, as far as a buffer can hold them. */
    static int byteSize(Shape shape, DataType type) {
        return Math.toIntExact(Math.multiplyExact(shape.size(), type.getNumOfBytes()));
    }
}
