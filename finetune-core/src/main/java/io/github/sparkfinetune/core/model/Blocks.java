package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.ModelParts.Table;
import io.github.sparkfinetune.core.model.sharded.ShardedCodes;
import io.github.sparkfinetune.core.model.sharded.ShardedWeights;
import io.github.sparkfinetune.core.model.sharded.WeightGathering;
import io.github.sparkfinetune.core.model.weight.AdapterCasts;
import io.github.sparkfinetune.core.model.weight.Bf16Copies;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.DequantBuffers;
import io.github.sparkfinetune.core.model.weight.DerivedWeights;
import io.github.sparkfinetune.core.model.weight.DoraNorms;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.PackedLinears;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.model.weight.TokenRows;
import io.github.sparkfinetune.core.model.weight.WeightPlacement;
import io.github.sparkfinetune.core.model.weight.Weights;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Builds a model's blocks from stored weights and adapters. */
final class Blocks {
    private static final String WEIGHT = ".weight";

    private final Weights weights;
    private final Device device;
    private final NDManager manager;
    private final ScriptModule script;
    private final DequantBuffers staging;
    private final Adapters adapters;
    private final Set<String> unused;
    private final Optional<Collective> ranks;
    private final WeightGathering gathering;
    private final boolean castsAdapters;
    private final Optional<PackedLinears> packed;
    private Optional<ParameterGroup> shared = Optional.empty();

    /**
     * @param castsAdapters whether layers read their adapters in BF16
     * @param packed linears that are packed, or empty if none is
     */
    Blocks(Weights weights, boolean castsAdapters, Optional<PackedLinears> packed) {
        this.castsAdapters = castsAdapters;
        this.weights = weights;
        this.device = weights.device();
        this.manager = device.manager();
        this.script = weights.script();
        this.staging = new DequantBuffers(
                device,
                script,
                weights.adaptation().bf16(),
                weights.adaptation().threads());
        this.adapters = new Adapters(weights, staging);
        this.ranks = weights.adaptation().ranks();
        this.gathering = new WeightGathering(device, script);
        this.packed = packed;
        this.unused = new LinkedHashSet<>(weights.adaptation().modules().keySet());
    }

    Weights weights() {
        return weights;
    }

    /** Returns the memory of the layers' gathered weights. */
    WeightGathering gathering() {
        return gathering;
    }

    /** Returns the embedding table. */
    Table table(WeightSpec spec) {
        Supplier<Parameter> load = () -> weights.vocabulary(spec, BlockKind.EMBEDDINGS, spec.name());
        boolean isTrained =
                weights.placements().vocabulary(spec, BlockKind.EMBEDDINGS, spec.name()) == WeightPlacement.TRAINED;
        if (ranks.isPresent() && isTrained) {
            // The table's values are read by products only: lookups gather the rows themselves.
            Shard shard = shard(() -> Map.of(spec.name(), load.get()), spec.name());
            return new Table(shard.parameters().get(spec.name()), Optional.empty(), Optional.of(shard.weights()));
        }
        Parameter table = load.get();
        return new Table(table, TokenRows.of(weights, spec, table), Optional.empty());
    }

    /**
     * Trained parameters of which this rank keeps its share.
     *
     * @param parameters the parameters by the script's names; their tensors have only a shape
     */
    private record Shard(Map<String, Parameter> parameters, ShardedWeights weights) {}

    /**
     * Loads trained parameters, and keeps this rank's share.
     *
     * @param multiplied the script's name of the parameter that only products read
     */
    private Shard shard(Supplier<Map<String, Parameter>> load, String multiplied) {
        try (NDManager loading = manager.newSubManager()) {
            Map<String, Parameter> whole = weights.owned(loading, load);
            Map<String, Parameter> parameters = new LinkedHashMap<>();
            whole.forEach((local, parameter) -> parameters.put(
                    local,
                    parameter.with(script.callOne(manager, "placeholder", parameter.value(), parameter.shape()))));
            return new Shard(parameters, shares(whole, multiplied::equals));
        }
    }

    /** Returns this rank's share of parameters; those that only products read are gathered in the products' type. */
    private ShardedWeights shares(Map<String, Parameter> whole, Predicate<String> isMultiplied) {
        List<String> names = List.copyOf(whole.keySet());
        Set<Integer> bf16 = IntStream.range(0, names.size())
                .filter(i -> weights.adaptation().bf16() && isMultiplied.test(names.get(i)))
                .boxed()
                .collect(Collectors.toSet());
        return new ShardedWeights(device, script, ranks.orElseThrow(), values(whole), bf16);
    }

    private static List<NDArray> values(Map<String, Parameter> parameters) {
        return parameters.values().stream().map(Parameter::value).toList();
    }

    /** Returns the lm_head from hidden states to logits. It is frozen, and has its learning rate, like a head. */
    ParameterGroup lmHead(LmHead lmHead) {
        Supplier<Map<String, Parameter>> load = () -> {
            Map<String, Parameter> loaded = new LinkedHashMap<>();
            lmHead.weights()
                    .forEach((local, weight) ->
                            loaded.put(local, weights.vocabulary(weight, BlockKind.HEAD, lmHead.stored(local))));
            return loaded;
        };
        WeightSpec weight = lmHead.weights().get(LmHead.WEIGHT);
        boolean isSharded = ranks.isPresent()
                && weight != null
                && weights.placements().vocabulary(weight, BlockKind.HEAD, lmHead.stored(LmHead.WEIGHT))
                        == WeightPlacement.TRAINED;
        if (!isSharded) {
            return new ParameterGroup(BlockKind.HEAD, load.get(), Map.of(), Optional.empty());
        }
        Shard shard = shard(load, LmHead.WEIGHT);
        return new ParameterGroup(BlockKind.HEAD, shard.parameters(), Map.of(), Optional.of(shard.weights()));
    }

    /** Loads weights that layers share. Layers that are built afterwards read them. */
    void share(Map<String, WeightSpec> specs) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        specs.forEach((local, weight) -> parameters.put(
                local, weights.parameter(weight, weights.placements().shared(weight), false)));
        shared = specs.isEmpty()
                ? Optional.empty()
                : Optional.of(new ParameterGroup(BlockKind.EMBEDDINGS, parameters, Map.of(), Optional.empty()));
    }

    /** Returns the weights that layers share. */
    Optional<ParameterGroup> shared() {
        return shared;
    }

    /** Builds a block. */
    Block block(BlockSpec spec) {
        boolean isSharded = ranks.isPresent()
                && spec.kind() == BlockKind.LAYER
                && weights.adaptation().lora().isEmpty()
                && weights.placements().trainsAny(spec);
        Block.Content content = isSharded ? shardedContent(spec) : content(spec, Optional.empty());
        Map<String, DoraNorms.Norm> norms = new LinkedHashMap<>();
        content.adapters().forEach((local, module) -> {
            adapters.add(content, local, module).ifPresent(norm -> norms.put(local, norm));
            unused.remove(module.module().name());
        });
        boolean conv1d = content.adapters().values().stream()
                .anyMatch(module -> module.module().conv1d());
        // The values of adapters may come from the weights, which are all there until they are shared.
        Optional<ShardedCodes> codes =
                ranks.flatMap(others -> ShardedCodes.of(others, content.stored(), gathering, staging::lend));
        return new Block(
                spec.kind(),
                spec.layer(),
                content,
                staging,
                derived(spec, content, new DoraNorms(script, conv1d, norms)),
                spec.kind() == BlockKind.LAYER ? shared : Optional.empty(),
                codes);
    }

    /** Returns what products read in BF16 instead of trained weights; shared weights are gathered in it. */
    private List<DerivedWeights> derived(BlockSpec spec, Block.Content content, DoraNorms norms) {
        List<DerivedWeights> derived = new ArrayList<>(List.of(norms));
        if (spec.kind() == BlockKind.LAYER && castsAdapters) {
            derived.add(AdapterCasts.of(manager, script, content));
        }
        if (weights.adaptation().bf16() && content.sharded().isEmpty()) {
            derived.add(Bf16Copies.of(
                    manager,
                    script,
                    content,
                    local -> spec.weights().containsKey(local)
                            && spec.isLayerLinear(spec.weights().get(local))));
        }
        return derived;
    }

    private Block.Content content(BlockSpec spec, Optional<ShardedWeights> sharded) {
        Block.Content content = new Block.Content(
                new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>(), sharded);
        spec.constants().forEach((local, number) -> content.constants().put(local, manager.create(number)));
        packed.ifPresent(linears -> content.constants().putAll(linears.load(spec)));
        spec.weights().forEach((local, weight) -> {
            if (packed.filter(linears -> linears.contain(spec, weight)).isEmpty()) {
                put(content, spec, local, weight);
            }
            LoraModule module = weights.adaptation().modules().get(weight.module());
            if (module != null && local.endsWith(WEIGHT)) {
                content.adapters().put(local.substring(0, local.length() - WEIGHT.length()), module);
            }
        });
        return content;
    }

    private void put(Block.Content content, BlockSpec spec, String local, WeightSpec weight) {
        WeightPlacement placement = weights.placements().of(spec, weight);
        if (placement.isBf16()) {
            content.constants().put(local, weights.bf16(weight));
        } else if (placement.isWidened()) {
            content.stored().put(local, weights.stored(weight, placement));
        } else {
            content.parameters().put(local, weights.parameter(weight, placement, spec.kind() == BlockKind.HEAD));
        }
    }

    /** Returns a layer's content, of whose trained parameters this rank keeps its share. */
    private Block.Content shardedContent(BlockSpec spec) {
        try (NDManager loading = manager.newSubManager()) {
            Block.Content whole = weights.owned(loading, () -> content(spec, Optional.empty()));
            Map<String, Parameter> trained = new LinkedHashMap<>(whole.parameters());
            trained.values().removeIf(parameter -> !parameter.trainable());
            ShardedWeights sharded =
                    shares(trained, local -> spec.isLayerLinear(spec.weights().get(local)));
            Iterator<NDArray> gathered = gathering.add(sharded, values(trained)).iterator();
            trained.forEach((local, parameter) -> {
                NDArray value = gathered.next();
                value.setRequiresGradient(true);
                whole.parameters().put(local, parameter.with(value));
            });
            return new Block.Content(
                    whole.parameters(), whole.constants(), whole.stored(), whole.adapters(), Optional.of(sharded));
        }
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
}
