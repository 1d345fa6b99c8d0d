package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.Parameter;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.concurrent.Future;

/**
 * Gradients of one block's trained parameters, side by side in one F32 buffer that travels between ranks as a whole.
 */
final class GradientBuffer {
    private final ScriptModule script;
    private final NDArray flat;
    private final List<NDArray> gradients;
    private final HostBuffer host;

    GradientBuffer(NDManager manager, ScriptModule script, List<Parameter> parameters) {
        this.script = script;
        long size = parameters.stream().mapToLong(Parameter::size).sum();
        flat = manager.zeros(new Shape(size), DataType.FLOAT32);
        gradients = script.call(
                manager,
                "pieces",
                flat,
                parameters.stream().map(Parameter::value).toList());
        host = new HostBuffer(script, flat);
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
        return host.send(collective);
    }

    /** Takes up the sums. */
    void arrived(Collective collective) {
        host.arrived(collective);
    }
}
