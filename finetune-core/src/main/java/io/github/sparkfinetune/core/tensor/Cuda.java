package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;

/** A GPU. Values pass through host buffers, in blocking copies. */
final class Cuda implements Device {
    private final NDManager manager;
    private ScriptModule copies;
    private ByteBuffer read = ByteBuffer.allocateDirect(0);

    Cuda(NDManager manager) {
        this.manager = manager;
    }

    private final class Copy implements HostBuffer {
        private final NDArray tensor;
        private final ByteBuffer memory;

        Copy(NDArray tensor) {
            this.tensor = tensor;
            this.memory = ByteBuffer.allocateDirect(Device.byteSize(tensor.getShape(), tensor.getDataType()));
        }

        @Override
        public NDArray tensor() {
            return tensor;
        }

        @Override
        public ByteBuffer bytes() {
            return memory.duplicate().order(ByteOrder.nativeOrder());
        }

        @Override
        public void download() {
            copy(tensor, bytes());
        }

        @Override
        public void upload() {
            copies().write(tensor, bytes());
        }
    }

    @Override
    public NDManager manager() {
        return manager;
    }

    @Override
    public NDArray create(NDManager owner, long[] values, Shape shape) {
        return owner.create(values, shape);
    }

    @Override
    public NDArray create(NDManager owner, float[] values, Shape shape) {
        return owner.create(values, shape);
    }

    @Override
    public ByteBuffer read(NDArray tensor) {
        int size = Device.byteSize(tensor.getShape(), tensor.getDataType());
        if (read.capacity() < size) {
            read = ByteBuffer.allocateDirect(size);
        }
        ByteBuffer target = read.slice(0, size).order(ByteOrder.nativeOrder());
        copy(tensor, target);
        return target;
    }

    /** Copies through a tensor over the buffer: DJL's own method takes a manager for each copy and never closes it. */
    private void copy(NDArray tensor, ByteBuffer target) {
        try (NDManager host = manager.newSubManager(ai.djl.Device.cpu())) {
            copies().call(host, "copy", host.create(target, tensor.getShape(), tensor.getDataType()), tensor);
        }
    }

    private ScriptModule copies() {
        if (copies == null) {
            copies = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
        }
        return copies;
    }

    @Override
    public boolean readsInPlace() {
        return false;
    }

    @Override
    public HostBuffer hostBuffer(NDArray tensor) {
        return new Copy(tensor);
    }

    @Override
    public boolean hasFusedAttention() {
        return false;
    }

    @Override
    public boolean prefersBf16() {
        return true;
    }
}
