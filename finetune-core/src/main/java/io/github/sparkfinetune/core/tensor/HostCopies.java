package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.cuda.PinnedMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Consumer;

/**
 * Copies between a GPU's tensors and host memory, which is pinned if possible. All devices below one base manager share
 * the script and the staging memory, so that the parts of a large tensor pass through one buffer. Belongs to one rank.
 */
final class HostCopies {
    private final NDManager manager;
    private final boolean exchangesOnDevice;
    private final PinnedMemory pinned;
    private ScriptModule script;
    private Memory staging = new Memory(ByteBuffer.allocateDirect(0), Optional.empty());

    /**
     * @param manager base manager of the GPU's tensors
     * @param exchangesOnDevice whether the ranks exchange values in the memory of their GPUs
     * @param pinned pinned memory of the rank
     */
    HostCopies(NDManager manager, boolean exchangesOnDevice, PinnedMemory pinned) {
        this.manager = manager;
        this.exchangesOnDevice = exchangesOnDevice;
        this.pinned = pinned;
    }

    /**
     * Host memory.
     *
     * @param block the pinned block of the bytes, or empty if they are not pinned
     */
    private record Memory(ByteBuffer bytes, Optional<PinnedMemory.Block> block) {}

    private Memory allocate(int size) {
        Optional<PinnedMemory.Block> block = pinned.take(size);
        return new Memory(block.map(some -> some.bytes(size)).orElseGet(() -> ByteBuffer.allocateDirect(size)), block);
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
            copy("copy", tensor, bytes(), true);
        }
    }

    /** Returns a tensor's own host memory, which is used again when the tensor's manager is closed. */
    HostBuffer hostBuffer(NDArray tensor) {
        Memory memory = allocate(size(tensor));
        memory.block()
                .ifPresent(block ->
                        tensor.getManager().attachInternal(UUID.randomUUID().toString(), block::release));
        return new Copy(tensor, memory.bytes());
    }

    /**
     * Overwrites a tensor without waiting for the GPU, if memory can be pinned. Otherwise the copy waits.
     *
     * @param fill fills all bytes, row-major and in native order
     */
    void upload(NDArray tensor, Consumer<ByteBuffer> fill) {
        int size = size(tensor);
        Optional<PinnedMemory.Block> block = pinned.take(size);
        if (block.isEmpty()) {
            stage(tensor, host -> {
                fill.accept(host.bytes());
                host.upload();
            });
            return;
        }
        ByteBuffer bytes = block.orElseThrow().bytes(size);
        fill.accept(bytes);
        copy("copy_later", tensor, bytes.rewind(), true);
        block.orElseThrow().releaseAfterCopies();
    }

    /** Passes the staging memory as a tensor's host memory, which is valid until the visitor returns. */
    void stage(NDArray tensor, Consumer<HostBuffer> visitor) {
        int size = size(tensor);
        Memory memory = staging;
        if (memory.bytes().capacity() < size) {
            memory.block().ifPresent(PinnedMemory.Block::release);
            memory = allocate(size);
        }
        // A visitor that stages another tensor needs other memory.
        staging = new Memory(ByteBuffer.allocateDirect(0), Optional.empty());
        try {
            visitor.accept(new Copy(tensor, memory.bytes().slice(0, size)));
        } finally {
            staging.block().ifPresent(PinnedMemory.Block::release);
            staging = memory;
        }
    }

    /** Copies a tensor's bytes to a direct buffer of the same size. */
    void download(NDArray tensor, ByteBuffer target) {
        copy("copy", tensor, target, false);
    }

    /** Copies through a tensor over the buffer: DJL's own methods copy twice or leave a manager open. */
    private void copy(String method, NDArray tensor, ByteBuffer bytes, boolean upload) {
        try (NDManager host = manager.newSubManager(ai.djl.Device.cpu())) {
            NDArray over = host.create(bytes, tensor.getShape(), tensor.getDataType());
            script().call(host, method, upload ? tensor : over, upload ? over : tensor);
        }
    }

    /** Frees the pinned memory. */
    void close() {
        pinned.close();
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
