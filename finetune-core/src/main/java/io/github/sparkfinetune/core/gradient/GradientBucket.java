package io.github.sparkfinetune.core.gradient;

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
 * Gradients that travel between the ranks as one F32 tensor: of all trained parameters of a block, side by side, or of
 * an embedding table. The ranks read and write its own memory on the CPU, a copy on the host for a GPU.
 */
final class GradientBucket {
    private final ScriptModule script;
    private final NDArray flat;
    private final List<NDArray> gradients;
    private final ByteBuffer bytes;

    private GradientBucket(ScriptModule script, NDArray flat, List<NDArray> gradients) {
        this.script = script;
        this.flat = flat;
        this.gradients = gradients;
        ByteBuffer view = flat.getDevice().isGpu()
                ? ByteBuffer.allocateDirect(Math.toIntExact(flat.size() * Float.BYTES))
                : flat.toByteBuffer(true);
        this.bytes = view.order(ByteOrder.nativeOrder());
    }

    /** A bucket of one gradient that is there already. */
    static GradientBucket of(ScriptModule script, NDArray gradient) {
        return new GradientBucket(script, gradient, List.of(gradient));
    }

    /** A bucket for the gradients of some parameters; zeros. */
    static GradientBucket of(NDManager manager, ScriptModule script, List<Parameter> parameters) {
        long size = parameters.stream().mapToLong(Parameter::size).sum();
        NDArray flat = manager.zeros(new Shape(size), DataType.FLOAT32);
        return new GradientBucket(
                script,
                flat,
                script.call(
                        manager,
                        "views_like",
                        flat,
                        parameters.stream().map(Parameter::value).toList()));
    }

    /** One gradient a parameter, views into {@link #flat}. */
    List<NDArray> gradients() {
        return gradients;
    }

    /** All of them as one tensor. */
    NDArray flat() {
        return flat;
    }

    /** Makes all of them zero. */
    void clear(NDManager owner) {
        script.call(owner, "zero", flat);
    }

    /** Starts to replace the gradients by their sums over the ranks; {@link #finish} must follow. */
    Future<?> allReduce(Collective collective) {
        if (isCopy(collective)) {
            bytes.clear().put(flat.toByteBuffer(false)).flip();
        }
        return collective.allReduceAsync(bytes.duplicate().order(ByteOrder.nativeOrder()));
    }

    /** Takes up the sums, once the future of {@link #allReduce} is done. */
    void finish(Collective collective) {
        if (isCopy(collective)) {
            script.write(flat, bytes.duplicate().order(ByteOrder.nativeOrder()));
        }
    }

    private boolean isCopy(Collective collective) {
        return flat.getDevice().isGpu() && collective.size() > 1;
    }
}
