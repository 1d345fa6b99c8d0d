package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.quant.StoredWeight;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A part of a model that is computed and differentiated as one: the embeddings, a layer, or the head. */
public final class Block extends ParameterGroup {
    /**
     * What a block is made of, by the names that the script knows it by.
     *
     * @param parameters F32 weights, and the adapters'
     * @param constants further tensors that the script reads
     * @param stored weights in a smaller form
     * @param adapters linears that have one
     */
    record Content(
            Map<String, Parameter> parameters,
            Map<String, NDArray> constants,
            Map<String, StoredWeight> stored,
            Map<String, LoraModule> adapters) {}

    /** Names of an adapter's constants behind its linear's. */
    static final String SCALING = ".scaling";

    static final String KEEP = ".keep";
    static final String NORM = ".norm";

    /** What the names of an adapter's tensors end with. */
    private static final List<String> ADAPTERS =
            List.of(PeftAdapter.LORA_A, PeftAdapter.LORA_B, PeftAdapter.LORA_MAGNITUDE, SCALING, KEEP, NORM);

    private final int layer;
    private final Map<String, NDArray> weights;
    private final Optional<ParameterGroup> shared;
    private final Map<String, StoredWeight> stored;
    private final Map<String, LoraModule> adapters;
    private final DequantBuffers staging;
    private final DoraNorms norms;
    /** The weights without the adapters': the script then knows of none. */
    private final Map<String, NDArray> bare;

    private boolean isAdapted = true;

    /**
     * @param layer its number among the layers, or -1
     * @param staging holds what is stored in a smaller form while the block is computed
     * @param norms of the adapters that have a magnitude
     * @param shared what it reads besides its own weights, as other blocks do
     */
    Block(
            BlockKind kind,
            int layer,
            Content content,
            DequantBuffers staging,
            DoraNorms norms,
            Optional<ParameterGroup> shared) {
        super(kind, content.parameters(), content.constants());
        this.layer = layer;
        this.shared = shared;
        this.staging = staging;
        this.norms = norms;
        this.stored = content.stored();
        this.adapters = content.adapters();
        Map<String, NDArray> all = new LinkedHashMap<>(super.weights());
        stored.forEach((local, weight) -> all.put(local, staging.tensor(local, weight)));
        shared.ifPresent(group -> all.putAll(group.weights()));
        this.weights = Collections.unmodifiableMap(all);
        Map<String, NDArray> own = new LinkedHashMap<>(all);
        adapters.keySet().forEach(linear -> ADAPTERS.forEach(part -> own.remove(linear + part)));
        this.bare = Collections.unmodifiableMap(own);
    }

    @Override
    public int layer() {
        return layer;
    }

    /** The parameters that a backward gives gradients of: {@link #trainable}, and behind them the shared ones. */
    public List<Parameter> differentiated() {
        return Stream.concat(trainable().stream(), sharedTrainable().stream()).toList();
    }

    /** The trained ones of the parameters that it shares with other blocks, whose gradients are always added. */
    List<Parameter> sharedTrainable() {
        return shared.map(ParameterGroup::trainable).orElse(List.of());
    }

    /** The linears with an adapter by the names that the script knows them by. */
    Map<String, LoraModule> adapters() {
        return adapters;
    }

    /** Whether it is computed with its adapters. */
    void applyAdapters(boolean applied) {
        isAdapted = applied;
    }

    /** Returns one tensor for each parameter of {@link #differentiated} by the name that the script knows it by. */
    @Override
    public Map<String, NDArray> byName(List<NDArray> tensors) {
        int own = trainable().size();
        Map<String, NDArray> byName = super.byName(tensors.subList(0, own));
        shared.ifPresent(group -> byName.putAll(group.byName(tensors.subList(own, tensors.size()))));
        return byName;
    }

    /**
     * Weights by the names that the script knows them by, ready to be read until another block's are asked for. So each
     * computation, a backward too, asks anew.
     */
    @Override
    Map<String, NDArray> weights() {
        if (!stored.isEmpty()) {
            staging.hold(this, stored);
        }
        if (!isAdapted) {
            return bare;
        }
        norms.refresh(weights);
        return weights;
    }

    /** Takes note that the optimizer moved the parameters. */
    void updated() {
        norms.updated();
    }
}
