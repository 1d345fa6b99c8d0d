package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.adapter.LoraModule;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.model.sharded.ShardedCodes;
import io.github.sparkfinetune.core.model.sharded.ShardedWeights;
import io.github.sparkfinetune.core.model.sharded.WeightGathering;
import io.github.sparkfinetune.core.quant.StoredWeight;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** A part of a model that is computed and differentiated at once: the embeddings, a layer, or the head. */
public final class Block extends ParameterGroup {
    /**
     * Contents of a block, by the script's local names.
     *
     * @param parameters weights in F32, including those of adapters
     * @param constants other tensors that the script reads
     * @param stored weights in a smaller form
     * @param adapters adapters by linear
     * @param sharded this rank's share of the trained parameters, or empty if this rank holds them whole
     */
    public record Content(
            Map<String, Parameter> parameters,
            Map<String, NDArray> constants,
            Map<String, StoredWeight> stored,
            Map<String, LoraModule> adapters,
            Optional<ShardedWeights> sharded) {}

    /** Suffixes of the names of an adapter's constants, after the linear's name. */
    public static final String SCALING = ".scaling";

    public static final String KEEP = ".keep";
    public static final String NORM = ".norm";

    /** Suffixes of the names of an adapter's tensors. */
    private static final List<String> ADAPTERS = List.of(
            PeftAdapter.LORA_A,
            PeftAdapter.LORA_B,
            PeftAdapter.LORA_MAGNITUDE,
            SCALING,
            KEEP,
            NORM,
            AdapterCasts.A,
            AdapterCasts.SCALED_B);

    private final int layer;
    private final Map<String, NDArray> weights;
    private final Optional<ParameterGroup> shared;
    private final Map<String, StoredWeight> stored;
    private final Map<String, LoraModule> adapters;
    private final DequantBuffers staging;
    private final List<DerivedWeights> derived;
    private final Optional<ShardedCodes> codes;
    /** Weights without adapters; the script then computes the base model. */
    private final Map<String, NDArray> bare;

    private boolean isAdapted = true;

    /**
     * @param layer index of the layer, or -1
     * @param staging buffers for weights in a smaller form, filled while the block is computed
     * @param derived tensors that are computed from the parameters
     * @param shared weights that the block shares with other blocks
     * @param codes this rank's share of the stored weights' codes, or empty if this rank reads all of them
     */
    public Block(
            BlockKind kind,
            int layer,
            Content content,
            DequantBuffers staging,
            List<DerivedWeights> derived,
            Optional<ParameterGroup> shared,
            Optional<ShardedCodes> codes) {
        super(kind, content.parameters(), content.constants(), content.sharded());
        this.layer = layer;
        this.shared = shared;
        this.staging = staging;
        this.derived = List.copyOf(derived);
        this.codes = codes;
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

    /**
     * Returns the share of this block's weights that this rank holds, or empty if this rank holds all. Then the block
     * can be computed only while {@link WeightGathering} has gathered it.
     */
    public Optional<Object> share() {
        return sharded().<Object>map(Function.identity()).or(() -> codes);
    }

    /** Returns the parameters that get gradients: {@link #trainable}, then the shared trainable parameters. */
    public List<Parameter> differentiated() {
        return Stream.concat(trainable().stream(), sharedTrainable().stream()).toList();
    }

    /** Returns the tensors by which the script reads {@link #differentiated}, for PyTorch's graph. */
    public List<NDArray> leaves() {
        Stream<String> ofLayers = shared.stream().flatMap(group -> group.trainableNames().stream());
        return Stream.concat(trainableNames().stream(), ofLayers)
                .map(weights::get)
                .toList();
    }

    /** Returns the trainable parameters that the block shares with other blocks. Their gradients are always added. */
    public List<Parameter> sharedTrainable() {
        return shared.map(ParameterGroup::trainable).orElse(List.of());
    }

    /** Returns whether all of {@link #differentiated} are the matrices A and B of adapters. */
    public boolean trainsOnlyLowRank() {
        return sharedTrainable().isEmpty()
                && trainableNames().stream()
                        .allMatch(name -> name.endsWith(PeftAdapter.LORA_A) || name.endsWith(PeftAdapter.LORA_B));
    }

    /** Returns the adapters by the script's name of their linear. */
    public Map<String, LoraModule> adapters() {
        return adapters;
    }

    /** Sets whether the block is computed with its adapters. */
    public void applyAdapters(boolean applied) {
        isAdapted = applied;
    }

    /** Returns the tensors by the script's name of the parameter of {@link #differentiated} that each belongs to. */
    @Override
    public Map<String, NDArray> byName(List<NDArray> tensors) {
        int own = trainable().size();
        Map<String, NDArray> byName = super.byName(tensors.subList(0, own));
        shared.ifPresent(group -> byName.putAll(group.byName(tensors.subList(own, tensors.size()))));
        return byName;
    }

    /**
     * Returns the weights by the script's names. The weights are valid until another block's weights are requested.
     * Therefore each computation, including a backward, calls this method again.
     */
    @Override
    public Map<String, NDArray> weights() {
        if (!stored.isEmpty()) {
            staging.hold(this, stored);
        }
        derived.forEach(tensors -> tensors.refresh(weights));
        return isAdapted ? weights : bare;
    }

    /** Invalidates values derived from the parameters, after the optimizer has changed them. */
    public void updated() {
        derived.forEach(DerivedWeights::updated);
    }
}
