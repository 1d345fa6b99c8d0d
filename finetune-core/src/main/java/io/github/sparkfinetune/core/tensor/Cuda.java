package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.tensor.cuda.CudaLibraries;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/**
 * A GPU. Values pass through host buffers, which are pinned if possible. The processor does not wait for the copies of
 * {@link #create}, and waits for other copies. Ranks that exchange values on their GPUs read and write the tensors' own
 * memory.
 */
final class Cuda implements Device {
    /** Major compute capability from which on PyTorch has flash attention. */
    private static final int FLASH = 8;

    private final NDManager manager;
    private final HostCopies copies;
    private ByteBuffer read = ByteBuffer.allocateDirect(0);

    Cuda(NDManager manager, HostCopies copies) {
        this.manager = manager;
        this.copies = copies;
    }

    @Override
    public NDManager manager() {
        return manager;
    }

    @Override
    public NDArray create(NDManager owner, long[] values, Shape shape) {
        return created(
                owner, shape, DataType.INT64, bytes -> bytes.asLongBuffer().put(values));
    }

    @Override
    public NDArray create(NDManager owner, int[] values, Shape shape) {
        return created(
                owner, shape, DataType.INT32, bytes -> bytes.asIntBuffer().put(values));
    }

    @Override
    public NDArray create(NDManager owner, float[] values, Shape shape) {
        return created(
                owner, shape, DataType.FLOAT32, bytes -> bytes.asFloatBuffer().put(values));
    }

    @Override
    public NDArray create(NDManager owner, double[] values, Shape shape) {
        return created(
                owner, shape, DataType.FLOAT64, bytes -> bytes.asDoubleBuffer().put(values));
    }

    private NDArray created(NDManager owner, Shape shape, DataType type, Consumer<ByteBuffer> values) {
        NDArray tensor = owner.create(shape, type);
        copies.upload(tensor, values);
        return tensor;
    }

    @Override
    public ByteBuffer read(NDArray tensor) {
        int size = Device.byteSize(tensor.getShape(), tensor.getDataType());
        if (read.capacity() < size) {
            read = ByteBuffer.allocateDirect(size);
        }
        ByteBuffer target = read.slice(0, size).order(ByteOrder.nativeOrder());
        copies.download(tensor, target);
        return target;
    }

    @Override
    public boolean readsInPlace() {
        return false;
    }

    @Override
    public HostBuffer hostBuffer(NDArray tensor) {
        return copies.hostBuffer(tensor);
    }

    @Override
    public HostBuffer exchangeBuffer(NDArray tensor) {
        return copies.exchangesOnDevice() ? OwnMemory.of(tensor) : hostBuffer(tensor);
    }

    @Override
    public boolean exchangesOnDevice() {
        return copies.exchangesOnDevice();
    }

    @Override
    public void stage(NDArray tensor, Consumer<HostBuffer> visitor) {
        copies.stage(tensor, visitor);
    }

    @Override
    public boolean hasFusedAttention() {
        return false;
    }

    @Override
    public boolean hasFlashAttention() {
        ai.djl.Device gpu = manager.getDevice();
        return gpu.isGpu() && CudaLibraries.capability(Torch.libraries(), gpu.getDeviceId()) >= FLASH;
    }

    @Override
    public boolean prefersBf16() {
        return true;
    }
}
