package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.adapter.LoraInit;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.DequantBuffers;
import io.github.sparkfinetune.core.model.weight.DoraNorms;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.Weights;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.FloatBuffer;
import java.util.Map;
import java.util.Optional;

/** Builds the adapters of a model's linears. */
final class Adapters {
    private final Weights weights;
    private final Device device;
    private final NDManager manager;
    private final ScriptModule script;
    private final DequantBuffers staging;

    /** @param staging buffers for weights in a smaller form */
    Adapters(Weights weights, DequantBuffers staging) {
        this.weights = weights;
        this.device = weights.device();
        this.manager = device.manager();
        this.script = weights.script();
        this.staging = staging;
    }

    /**
     * Adds an adapter of a linear to a block's content.
     *
     * @param local the linear's name in the block
     * @return the norms of its weight, if the adapter has a magnitude
     */
    Optional<DoraNorms.Norm> add(Block.Content content, String local, LoraModule module) {
        Map<String, Parameter> parameters = content.parameters();
        Optional<PeftAdapter> start = weights.adaptation().start();
        parameters.put(
                local + PeftAdapter.LORA_A,
                start.map(adapter -> weights.continued(adapter.tensors().get(module.a())))
                        .orElseGet(() -> weights.written(
                                module.a(), target -> LoraInit.a(weights.seed(), module, target), module.shapeOfA())));
        parameters.put(
                local + PeftAdapter.LORA_B,
                start.map(adapter -> weights.continued(adapter.tensors().get(module.b())))
                        .orElseGet(() -> weights.written(
                                module.b(),
                                target -> {
                                    while (target.hasRemaining()) {
                                        target.put(0);
                                    }
                                },
                                module.shapeOfB())));
        content.constants().put(local + Block.SCALING, manager.create((float) module.scaling()));
        content.constants().put(local + Block.KEEP, manager.create((float) Dropout.scale(module.dropout())));
        return module.dora() ? Optional.of(magnitude(content, local, module)) : Optional.empty();
    }

    private DoraNorms.Norm magnitude(Block.Content content, String local, LoraModule module) {
        NDArray weight = weight(content, local + ".weight");
        Optional<PeftAdapter> start = weights.adaptation().start();
        Parameter magnitude = start.map(
                        adapter -> weights.continued(adapter.tensors().get(module.magnitude())))
                .orElseGet(() -> weights.written(
                        module.magnitude(), target -> magnitude(module, weight, target), module.shapeOfMagnitude()));
        content.parameters().put(local + PeftAdapter.LORA_MAGNITUDE, magnitude);
        NDArray squares =
                script.callOne(manager, "row_squares", weight, module.module().conv1d());
        NDArray norm = manager.zeros(new Shape(module.module().out()), DataType.FLOAT32);
        content.constants().put(local + Block.NORM, norm);
        return new DoraNorms.Norm(norm, squares);
    }

    private void magnitude(LoraModule module, NDArray weight, FloatBuffer target) {
        try (NDManager owner = manager.newSubManager()) {
            NDArray f32 = script.callOne(owner, "f32", weight);
            LoraInit.magnitude(module.module(), TensorParts.values(device, script, f32), target);
        }
    }

    private NDArray weight(Block.Content content, String local) {
        Parameter parameter = content.parameters().get(local);
        NDArray constant = content.constants().get(local);
        if (parameter != null || constant != null) {
            return parameter != null ? parameter.value() : constant;
        }
        StoredWeight stored = content.stored().get(local);
        staging.hold(stored, Map.of(local, stored));
        return staging.tensor(local, stored);
    }
}
