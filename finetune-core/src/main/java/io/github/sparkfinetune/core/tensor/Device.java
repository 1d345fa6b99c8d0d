package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.error.RunException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.function.Consumer;

/**
 * Device of tensors and operators: the CPU, or one GPU. All differences between devices are behind this interface.
 * Belongs to one rank; not for concurrent use.
 */
public sealed interface Device permits Cpu, Cuda {
    /**
     * Returns the device of a rank with its own manager, which the caller closes.
     *
     * @param gpu index of the GPU, or -1 for the CPU
     * @throws RunException if PyTorch sees no such GPU
     */
    static Device of(int gpu) {
        return of(Torch.manager(gpu));
    }

    /**
     * Returns the device of a rank that exchanges values with other ranks, as {@link #of(int)}.
     *
     * @param exchangesOnDevice whether the ranks exchange values in the memory of their GPUs; without a meaning on the
     *     CPU
     */
    static Device of(int gpu, boolean exchangesOnDevice) {
        return Devices.of(Torch.manager(gpu), exchangesOnDevice);
    }

    /** Returns the device of a manager's tensors. */
    static Device of(NDManager manager) {
        return Devices.of(manager);
    }

    /** Returns the owner of tensors that live as long as the device is used. */
    NDManager manager();

    /** Creates an I64 tensor of values. */
    NDArray create(NDManager owner, long[] values, Shape shape);

    /** Creates an I32 tensor of values. */
    NDArray create(NDManager owner, int[] values, Shape shape);

    /** Creates an F32 tensor of values. */
    NDArray create(NDManager owner, float[] values, Shape shape);

    /** Creates an F64 tensor of values. */
    NDArray create(NDManager owner, double[] values, Shape shape);

    /**
     * Returns the bytes of a tensor of at most 2 GB, row-major, in native order, from position 0 to the limit. On the
     * CPU, they are the tensor's own memory. On a GPU, they are copied to a buffer that the next read overwrites.
     */
    ByteBuffer read(NDArray tensor);

    /** Returns whether {@link #read} returns a tensor's own memory. */
    boolean readsInPlace();

    /** Returns host memory for a tensor of at most 2 GB. On the CPU, it is the tensor's own memory. */
    HostBuffer hostBuffer(NDArray tensor);

    /**
     * Returns memory of a contiguous tensor of at most 2 GB for an exchange between ranks: the tensor's own memory if
     * the ranks exchange values on their devices, even on a GPU, where Java cannot access it; else host memory.
     */
    HostBuffer exchangeBuffer(NDArray tensor);

    /**
     * Returns whether {@link #exchangeBuffer} returns the memory of a GPU, so that values which ranks exchange do not
     * pass through host memory.
     */
    boolean exchangesOnDevice();

    /**
     * Passes host memory for a tensor of at most 2 GB, which is valid until the visitor returns. On the CPU, it is the
     * tensor's own memory. On a GPU, it is memory that the next tensor uses again, with other values than the tensor's
     * until {@link HostBuffer#download}.
     */
    void stage(NDArray tensor, Consumer<HostBuffer> visitor);

    /**
     * Overwrites an F32 tensor in place.
     *
     * @param values fills a buffer with as many floats as the tensor has, row-major
     */
    default void write(NDArray tensor, Consumer<FloatBuffer> values) {
        stage(tensor, host -> {
            values.accept(host.bytes().asFloatBuffer());
            host.upload();
        });
    }

    /** Returns whether PyTorch's fused CPU kernel computes and differentiates attention. */
    boolean hasFusedAttention();

    /**
     * Returns whether PyTorch's flash attention of CUDA computes and differentiates attention in BF16: on GPUs with
     * compute capability 8.0 or higher.
     */
    boolean hasFlashAttention();

    /** Returns whether {@code precision: auto} means BF16, because matrix products are faster than in F32. */
    boolean prefersBf16();

    /** Returns the size of a tensor in bytes, at most that of a buffer. */
    static int byteSize(Shape shape, DataType type) {
        return Math.toIntExact(Math.multiplyExact(shape.size(), type.getNumOfBytes()));
    }
}
