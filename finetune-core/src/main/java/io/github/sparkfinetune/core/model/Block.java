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

/**
 * A stretch of a model that is computed, differentiated and reduced over the ranks as one: the embeddings, a layer, or
 * the head.
 */
public final class Block {
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

    private final BlockKind kind;
    private final int layer;
    private final List<Parameter> parameters;
    private final Map<String, NDArray> weights;
    private final Optional<Block> shared;
    private final Map<String, StoredWeight> stored;
    private final Map<String, LoraModule> adapters;
    private final List<Parameter> trainable;
    private final List<String> trainableNames;
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
    Block(BlockKind kind, int layer, Content content, DequantBuffers staging, DoraNorms norms, Optional<Block> shared) {
        this.kind = kind;
        this.layer = layer;
        this.shared = shared;
        this.staging = staging;
        this.norms = norms;
        this.stored = content.stored();
        this.adapters = content.adapters();
        this.parameters = List.copyOf(content.parameters().values());
        this.trainable = this.parameters.stream().filter(Parameter::trainable).toList();
        this.trainableNames = content.parameters().entrySet().stream()
                .filter(entry -> entry.getValue().trainable())
                .map(Map.Entry::getKey)
                .toList();
        Map<String, NDArray> all = new LinkedHashMap<>();
        content.parameters().forEach((local, parameter) -> all.put(local, parameter.value()));
        all.putAll(content.constants());
        stored.forEach((local, weight) -> all.put(local, staging.tensor(local, weight)));
        shared.ifPresent(block -> all.putAll(block.weights));
        this.weights = Collections.unmodifiableMap(all);
        Map<String, NDArray> own = new LinkedHashMap<>(all);
        adapters.keySet().forEach(linear -> ADAPTERS.forEach(part -> own.remove(linear + part)));
        this.bare = Collections.unmodifiableMap(own);
    }

    public BlockKind kind() {
        return kind;
    }

    /** Number of a layer from 0, -1 for the other kinds. */
    public int layer() {
        return layer;
    }

    /** All parameters in F32, in the order of Hugging Face, the adapters' behind their linears'. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** The parameters that are trained. */
    public List<Parameter> trainable() {
        return trainable;
    }

    /** The parameters that a backward gives gradients of: {@link #trainable}, and behind them the shared ones. */
    public List<Parameter> differentiated() {
        return Stream.concat(trainable.stream(), sharedTrainable().stream()).toList();
    }

    /** The trained ones of the parameters that it shares with other blocks, whose gradients are always added. */
    List<Parameter> sharedTrainable() {
        return shared.map(Block::trainable).orElse(List.of());
    }

    /** The linears with an adapter by the names that the script knows them by. */
    Map<String, LoraModule> adapters() {
        return adapters;
    }

    /** Whether it is computed with its adapters. */
    void applyAdapters(boolean applied) {
        isAdapted = applied;
    }

    /** One tensor for each parameter of {@link #differentiated} by the names that the script knows these by. */
    public Map<String, NDArray> byName(List<NDArray> tensors) {
        Map<String, NDArray> byName = new LinkedHashMap<>();
        for (int i = 0; i < trainableNames.size(); i++) {
            byName.put(trainableNames.get(i), tensors.get(i));
        }
        shared.ifPresent(block -> byName.putAll(block.byName(tensors.subList(trainableNames.size(), tensors.size()))));
        return byName;
    }

    /**
     * Weights by the names that the script knows them by, ready to be read until another block's are asked for. So each
     * computation, a backward too, asks anew.
     */
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
