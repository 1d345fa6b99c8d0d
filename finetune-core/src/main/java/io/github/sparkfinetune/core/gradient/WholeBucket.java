package io.github.sparkfinetune.core.gradient;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.optim.Gradient;
import io.github.sparkfinetune.core.optim.Optimizer.ParameterGradient;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.HostBuffer;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;

/**
 * Gradients that every rank holds whole, as one F32 tensor. On the CPU the ranks read and write the tensor's own
 * memory, for a GPU a copy on the host.
 */
final class WholeBucket implements Bucket {
    private final ScriptModule script;
    private final Collective collective;
    private final NDArray flat;
    private final List<HostBuffer> parts;
    private final Map<GradientGroup, List<NDArray>> gradients;
    private final Map<GradientGroup, List<ParameterGradient>> parameters = new HashMap<>();
    private final List<Future<?>> sums = new ArrayList<>();

    WholeBucket(Device device, ScriptModule script, Collective collective, List<GradientGroup> groups) {
        this.script = script;
        this.collective = collective;
        NDManager manager = device.manager();
        this.flat = manager.zeros(new Shape(GradientGroup.size(groups)), DataType.FLOAT32);
        this.parts = TensorParts.all(manager, device, script, flat);
        this.gradients = GradientGroup.views(manager, script, flat, groups);
        gradients.forEach((group, views) -> parameters.put(
                group,
                group.updated(
                        manager,
                        script,
                        collective,
                        views.stream().map(Gradient.Dense::new).toList())));
    }

    @Override
    public List<GradientGroup> groups() {
        return List.copyOf(gradients.keySet());
    }

    /** Returns the gradients of all groups as one tensor. */
    NDArray flat() {
        return flat;
    }

    @Override
    public void open() {
        // The memory is always there.
    }

    @Override
    public List<NDArray> gradients(GradientGroup group) {
        return gradients.get(group);
    }

    @Override
    public void complete() {
        sums.addAll(allReduce(collective, parts));
    }

    @Override
    public void finish() {
        finish(collective, parts, sums);
    }

    /** Starts to replace a tensor in parts by its sum over the ranks. */
    static List<Future<?>> allReduce(Collective collective, List<HostBuffer> parts) {
        List<Future<?>> sums = new ArrayList<>();
        for (HostBuffer part : parts) {
            if (collective.size() > 1) {
                part.download();
            }
            sums.add(collective.allReduceAsync(part.bytes()));
        }
        return sums;
    }

    /** Waits for the sums of {@link #allReduce} and copies them to the device. */
    static void finish(Collective collective, List<HostBuffer> parts, List<Future<?>> sums) {
        sums.forEach(Collective::await);
        if (!sums.isEmpty() && collective.size() > 1) {
            parts.forEach(HostBuffer::upload);
        }
        sums.clear();
    }

    @Override
    public void addRows(Gradient.LookedUp rows) {
        NDArray gradient = gradients.values().iterator().next().get(0);
        try (NDManager owner = gradient.getManager().newSubManager()) {
            script.call(owner, "add_rows", gradient, Tensors.of(owner, rows.longIds()), rows.rows());
        }
    }

    @Override
    public List<ParameterGradient> parameters(GradientGroup group) {
        return parameters.get(group);
    }

    @Override
    public List<float[]> norms(NDManager owner) {
        return gradients.entrySet().stream()
                .map(group -> GradientNorms.of(
                        owner, script, group.getValue(), group.getKey().cut().unit()))
                .toList();
    }
}
