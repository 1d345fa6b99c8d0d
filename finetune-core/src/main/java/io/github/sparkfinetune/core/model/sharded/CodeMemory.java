package io.github.sparkfinetune.core.model.sharded;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.shard.HostRange;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/** Memory for the gathered codes of a layer: host memory, or that of a GPU whose ranks exchange values there. */
final class CodeMemory {
    private final Device device;
    private final ScriptModule script;
    private final Optional<NDArray> onDevice;
    private final List<HostBuffer> parts;
    private final ByteBuffer onHost;

    /**
     * Allocates memory; the device's manager owns it.
     *
     * @param script script with the methods of {@code core.tensor.tensors}
     * @param size number of bytes
     */
    CodeMemory(Device device, ScriptModule script, int size) {
        this.device = device;
        this.script = script;
        NDManager manager = device.manager();
        this.onDevice = device.exchangesOnDevice()
                ? Optional.of(manager.create(new Shape(size), DataType.UINT8))
                : Optional.empty();
        this.parts = onDevice.map(bytes -> TensorParts.all(manager, device, script, bytes))
                .orElse(List.of());
        this.onHost = ByteBuffer.allocateDirect(onDevice.isPresent() ? 0 : size);
    }

    /** Returns whether the memory is that of a GPU, which Java cannot access. */
    boolean isOnDevice() {
        return onDevice.isPresent();
    }

    /** Returns some bytes as a tensor on the GPU. */
    NDArray tensor(NDManager owner, int from, int to) {
        return script.callOne(owner, "stretch", onDevice.orElseThrow(), from, to);
    }

    /** Returns some bytes of at most one tensor as one buffer. */
    ByteBuffer bytes(int from, int to) {
        return isOnDevice()
                ? device.exchangeBuffer(tensor(device.manager(), from, to)).bytes()
                : onHost.slice(from, to - from);
    }

    /** Returns the memory of some bytes for an exchange between ranks. */
    List<ByteBuffer> parts(int from, int to) {
        return isOnDevice() ? HostRange.of(parts, 1, from, to) : List.of(onHost.slice(from, to - from));
    }
}
