package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Blocking copies between a GPU's tensors and host memory. All devices below one base manager share the script and the
 * staging memory, so that the parts of a large tensor pass through one buffer. Belongs to one rank.
 */
final class HostCopies {
    private final NDManager manager;
    private final boolean exchangesOnDevice;
    private ScriptModule script;
    private ByteBuffer staging = ByteBuffer.allocateDirect(0);

    /**
     * @param manager base manager of the GPU's tensors
     * @param exchangesOnDevice whether the ranks exchange values in the memory of their GPUs
     */
    HostCopies(NDManager manager, boolean exchangesOnDevice) {
        this.manager = manager;
        this.exchangesOnDevice = exchangesOnDevice;
    }

    boolean exchangesOnDevice() {
        return exchangesOnDevice;
    }

    /** Host memory with the values of a tensor. */
    private final class Copy implements HostBuffer {
        private final NDArray tensor;
        private final ByteBuffer memory;

        Copy(NDArray tensor, ByteBuffer memory) {
            this.tensor = tensor;
            this.memory = memory;
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
            HostCopies.this.download(tensor, bytes());
        }

        @Override
        public void upload() {
            copy(tensor, bytes(), true);
        }
    }

    /** Returns a tensor's own host memory. */
    HostBuffer hostBuffer(NDArray tensor) {
        return new Copy(tensor, ByteBuffer.allocateDirect(size(tensor)));
    }

    /** Passes the staging memory as a tensor's host memory, which is valid until the visitor returns. */
    void stage(NDArray tensor, Consumer<HostBuffer> visitor) {
        int size = size(tensor);
        ByteBuffer memory = staging.capacity() < size ? ByteBuffer.allocateDirect(size) : staging;
        // A visitor that stages another tensor needs other memory.
        staging = ByteBuffer.allocateDirect(0);
        try {
            visitor.accept(new Copy(tensor, memory.slice(0, size)));
        } finally {
            staging = memory;
        }
    }

    /** Copies a tensor's bytes to a direct buffer of the same size. */
    void download(NDArray tensor, ByteBuffer target) {
        copy(tensor, target, false);
    }

    /** Copies through a tensor over the buffer: DJL's own methods copy twice or leave a manager open. */
    private void copy(NDArray tensor, ByteBuffer bytes, boolean upload) {
        try (NDManager host = manager.newSubManager(ai.djl.Device.cpu())) {
            NDArray over = host.create(bytes, tensor.getShape(), tensor.getDataType());
            script().call(host, "copy", upload ? tensor : over, upload ? over : tensor);
        }
    }

    private ScriptModule script() {
        if (script == null) {
            script = ScriptModule.load(manager, List.of("core.tensor.tensors"), Map.of());
        }
        return script;
    }

    private static int size(NDArray tensor) {
        return Device.byteSize(tensor.getShape(), tensor.getDataType());
    }
}
