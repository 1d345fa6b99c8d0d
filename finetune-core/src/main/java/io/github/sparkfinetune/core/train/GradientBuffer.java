package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Parameter;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.concurrent.Future;

/**
 * Gradients of one block's trained parameters, side by side in one F32 buffer that travels between ranks as a whole.
 */
final class GradientBuffer {
    private final ScriptModule script;
    private final NDArray flat;
    private final List<NDArray> gradients;
    /** The buffer's own memory on the CPU, a copy on the host for a GPU. */
    private final ByteBuffer host;

    GradientBuffer(NDManager manager, ScriptModule script, List<Parameter> parameters) {
        this.script = script;
        long size = parameters.stream().mapToLong(Parameter::size).sum();
        flat = manager.zeros(new Shape(size), DataType.FLOAT32);
        gradients = script.call(
                manager,
                "pieces",
                flat,
                parameters.stream().map(Parameter::value).toList());
        host = hostView(flat);
    }

    /** Native-order bytes of a tensor: its memory on the CPU, room for a copy for a GPU. */
    static ByteBuffer hostView(NDArray tensor) {
        ByteBuffer bytes = tensor.getDevice().isGpu()
                ? ByteBuffer.allocateDirect(Math.toIntExact(tensor.size() * Float.BYTES))
                : tensor.toByteBuffer(true);
        return bytes.order(ByteOrder.nativeOrder());
    }

    /** One gradient a parameter, views into the buffer. */
    List<NDArray> gradients() {
        return gradients;
    }

    /** All of them as one vector. */
    NDArray flat() {
        return flat;
    }

    /** Forgets what was added. */
    void clear(NDManager owner) {
        script.call(owner, "zero", flat);
    }

    /** Starts to replace the gradients by their sums over the ranks; {@link #arrived} must follow. */
    Future<?> send(Collective collective) {
        if (flat.getDevice().isGpu() && collective.size() > 1) {
            host.clear().put(flat.toByteBuffer(false)).flip();
        }
        return collective.sumAsync(host.duplicate().order(ByteOrder.nativeOrder()));
    }

    /** Takes up the sums. */
    void arrived(Collective collective) {
        if (flat.getDevice().isGpu() && collective.size() > 1) {
            script.write(flat, host.duplicate().order(ByteOrder.nativeOrder()));
        }
    }
}
