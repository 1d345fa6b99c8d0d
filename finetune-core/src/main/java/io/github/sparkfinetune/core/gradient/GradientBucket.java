package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;

/**
 * Gradients that the ranks sum as one F32 tensor: the adjacent gradients of some blocks' trained parameters, or of an
 * embedding table. On the CPU the ranks read and write the tensor's own memory, for a GPU a copy on the host.
 */
final class GradientBucket {
    private final ScriptModule script;
    private final NDArray flat;
    private final List<HostBuffer> parts;
    private final List<NDArray> gradients;

    private GradientBucket(Device device, ScriptModule script, NDArray flat, List<NDArray> gradients) {
        this.script = script;
        this.flat = flat;
        this.parts = TensorParts.all(flat.getManager(), device, script, flat);
        this.gradients = gradients;
    }

    /** Returns a bucket of one existing gradient. */
    static GradientBucket of(Device device, ScriptModule script, NDArray gradient) {
        return new GradientBucket(device, script, gradient, List.of(gradient));
    }

    /** Returns a bucket of zeros for the gradients of some parameters. */
    static GradientBucket of(Device device, ScriptModule script, List<Parameter> parameters) {
        long size = parameters.stream().mapToLong(Parameter::size).sum();
        NDArray flat = device.manager().zeros(new Shape(size), DataType.FLOAT32);
        return new GradientBucket(
                device,
                script,
                flat,
                script.call(
                        device.manager(),
                        "views_like",
                        flat,
                        parameters.stream().map(Parameter::value).toList()));
    }

    /** Returns a gradient for each parameter, as views of {@link #flat()}. */
    List<NDArray> gradients() {
        return gradients;
    }

    /** Returns all gradients as one tensor. */
    NDArray flat() {
        return flat;
    }

    /** Sets all gradients to zero. */
    void clear(NDManager owner) {
        script.call(owner, "zero", flat);
    }

    /** Starts to replace the gradients by their sums over the ranks. {@link #finish} must follow. */
    List<Future<?>> allReduce(Collective collective) {
        List<Future<?>> sums = new ArrayList<>();
        for (HostBuffer part : parts) {
            if (collective.size() > 1) {
                part.download();
            }
            sums.add(collective.allReduceAsync(part.bytes()));
        }
        return sums;
    }

    /** Copies the sums to the device, once the futures of {@link #allReduce} are done. */
    void finish(Collective collective) {
        if (collective.size() > 1) {
            parts.forEach(HostBuffer::upload);
        }
    }
}
