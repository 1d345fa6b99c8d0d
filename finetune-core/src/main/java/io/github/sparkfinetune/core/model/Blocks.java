package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.LoraInit;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.DequantBuffers;
import io.github.sparkfinetune.core.model.weight.DoraNorms;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.model.weight.WeightPlacement;
import io.github.sparkfinetune.core.model.weight.Weights;
import io.github.sparkfinetune.core.quant.StoredWeight;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.TensorParts;
import java.nio.FloatBuffer;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Builds a model's blocks from stored weights and adapters. */
final class Blocks {
    private static final String WEIGHT = ".weight";

    private final Weights weights;
    private final Device device;
    private final NDManager manager;
    private final ScriptModule script;
    private final DequantBuffers staging;
    private final Set<String> unused;
    private Optional<ParameterGroup> shared = Optional.empty();

    Blocks(Weights weights) {
        this.weights = weights;
        this.device = weights.device();
        this.manager = device.manager();
        this.script = weights.script();
        this.staging = new DequantBuffers(
                device,
                script,
                weights.adaptation().bf16(),
                weights.adaptation().threads());
        this.unused = new LinkedHashSet<>(weights.adaptation().modules().keySet());
    }

    Weights weights() {
        return weights;
    }

    /** Returns the lm_head from hidden states to logits. It is frozen, and has its learning rate, like a head. */
    ParameterGroup lmHead(LmHead lmHead) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        lmHead.weights()
                .forEach((local, weight) ->
                        parameters.put(local, weights.vocabulary(weight, BlockKind.HEAD, lmHead.stored(local))));
        return new ParameterGroup(BlockKind.HEAD, parameters, Map.of());
    }

    /** Loads weights that layers share. Layers that are built afterwards read them. */
    void share(Map<String, WeightSpec> specs) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        specs.forEach((local, weight) -> parameters.put(
                local, weights.parameter(weight, weights.placements().shared(weight), false)));
        shared = specs.isEmpty()
                ? Optional.empty()
                : Optional.of(new ParameterGroup(BlockKind.EMBEDDINGS, parameters, Map.of()));
    }

    /** Returns the weights that layers share. */
    Optional<ParameterGroup> shared() {
        return shared;
    }

    /** Builds a block. */
    Block block(BlockSpec spec) {
        BlockKind kind = spec.kind();
        int layer = spec.layer();
        Block.Content content = new Block.Content(
                new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
        spec.constants().forEach((local, number) -> content.constants().put(local, manager.create(number)));
        spec.weights().forEach((local, weight) -> {
            WeightPlacement placement = weights.placements().of(spec, weight);
            if (placement.isBf16()) {
                content.constants().put(local, weights.bf16(weight));
            } else if (placement.isWidened()) {
                content.stored().put(local, weights.stored(weight, placement));
            } else {
                content.parameters().put(local, weights.parameter(weight, placement, kind == BlockKind.HEAD));
            }
            LoraModule module = weights.adaptation().modules().get(weight.module());
            if (module != null && local.endsWith(WEIGHT)) {
                content.adapters().put(local.substring(0, local.length() - WEIGHT.length()), module);
            }
        });
        Map<String, DoraNorms.Norm> norms = new LinkedHashMap<>();
        content.adapters().forEach((local, module) -> {
            adapt(content, local, module, norms);
            unused.remove(module.module().name());
        });
        boolean conv1d = content.adapters().values().stream()
                .anyMatch(module -> module.module().conv1d());
        return new Block(
                kind,
                layer,
                content,
                staging,
                new DoraNorms(script, conv1d, norms),
                kind == BlockKind.LAYER ? shared : Optional.empty());
    }

    /**
     * Refuses adapters on linears that no block has.
     *
     * @throws RunException if there are any; the message names them
     */
    void requireAllUsed() {
        if (!unused.isEmpty()) {
            throw RunException.config("method.target_modules: " + String.join(", ", unused)
                    + " cannot have an adapter: to train the whole module, name it in method.modules_to_save");
        }
    }

    private void adapt(Block.Content content, String local, LoraModule module, Map<String, DoraNorms.Norm> norms) {
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
        if (module.dora()) {
            magnitude(content, local, module, norms);
        }
    }

    private void magnitude(Block.Content content, String local, LoraModule module, Map<String, DoraNorms.Norm> norms) {
        NDArray weight = weight(content, local + WEIGHT);
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
        norms.put(local, new DoraNorms.Norm(norm, squares));
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
