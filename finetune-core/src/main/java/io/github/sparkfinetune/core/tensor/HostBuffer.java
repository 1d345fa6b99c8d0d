package io.github.sparkfinetune.core.tensor;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.collective.Collective;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.Future;

/** An F32 tensor as the collective sends it: its own memory on the CPU, a copy on the host for a GPU. */
public final class HostBuffer {
    private final ScriptModule script;
    private final NDArray tensor;
    private final ByteBuffer bytes;

    public HostBuffer(ScriptModule script, NDArray tensor) {
        this.script = script;
        this.tensor = tensor;
        ByteBuffer view = tensor.getDevice().isGpu()
                ? ByteBuffer.allocateDirect(Math.toIntExact(tensor.size() * Float.BYTES))
                : tensor.toByteBuffer(true);
        bytes = view.order(ByteOrder.nativeOrder());
    }

    /** Starts to replace the tensor by its sum over the ranks; {@link #arrived} must follow. */
    public Future<?> send(Collective collective) {
        if (isCopy(collective)) {
            bytes.clear().put(tensor.toByteBuffer(false)).flip();
        }
        return collective.sumAsync(bytes.duplicate().order(ByteOrder.nativeOrder()));
    }

    /** Takes up the sum. */
    public void arrived(Collective collective) {
        if (isCopy(collective)) {
            script.write(tensor, bytes.duplicate().order(ByteOrder.nativeOrder()));
        }
    }

    private boolean isCopy(Collective collective) {
        return tensor.getDevice().isGpu() && collective.size() > 1;
    }
}
