package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.model.sharded.ShardedWeights;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Weights that the script reads by name. Their gradients are complete at the same time and are reduced together. A
 * group has the weights of a block, the weights that layers share, or the weights of the lm_head.
 */
public class ParameterGroup {
    private final BlockKind kind;
    private final List<Parameter> parameters;
    private final Map<String, NDArray> weights;
    private final List<Parameter> trainable;
    private final List<String> trainableNames;
    private final Optional<ShardedWeights> sharded;

    /**
     * @param kind kind of block that decides whether the group is frozen, and its learning rate
     * @param parameters parameters by the script's names, in the order of Hugging Face
     * @param constants other tensors that the script reads
     * @param sharded this rank's share of the trained parameters, or empty if this rank holds them whole
     */
    public ParameterGroup(
            BlockKind kind,
            Map<String, Parameter> parameters,
            Map<String, NDArray> constants,
            Optional<ShardedWeights> sharded) {
        this.kind = kind;
        this.sharded = sharded;
        this.parameters = List.copyOf(parameters.values());
        this.trainable = this.parameters.stream().filter(Parameter::trainable).toList();
        this.trainableNames = parameters.entrySet().stream()
                .filter(entry -> entry.getValue().trainable())
                .map(Map.Entry::getKey)
                .toList();
        Map<String, NDArray> all = new LinkedHashMap<>();
        parameters.forEach((local, parameter) -> all.put(local, parameter.value()));
        all.putAll(constants);
        this.weights = Collections.unmodifiableMap(all);
    }

    public final BlockKind kind() {
        return kind;
    }

    /** Returns the index of a layer, from 0, or -1 for the other groups. */
    public int layer() {
        return -1;
    }

    /** Returns all parameters in F32, in the order of Hugging Face. */
    public final List<Parameter> parameters() {
        return parameters;
    }

    /** Returns the parameters that are trained. */
    public final List<Parameter> trainable() {
        return trainable;
    }

    /**
     * Returns this rank's share of {@link #trainable}, or empty if this rank holds them whole. The parameters' tensors
     * have values only while they are gathered.
     */
    public final Optional<ShardedWeights> sharded() {
        return sharded;
    }

    /** Returns the script's names of {@link #trainable}. */
    final List<String> trainableNames() {
        return trainableNames;
    }

    /** Returns the weights by the script's names. */
    Map<String, NDArray> weights() {
        return weights;
    }

    /** Returns the tensors by the script's name of the parameter of {@link #trainable} that each belongs to. */
    public Map<String, NDArray> byName(List<NDArray> tensors) {
        Map<String, NDArray> byName = new LinkedHashMap<>();
        for (int i = 0; i < trainableNames.size(); i++) {
            byName.put(trainableNames.get(i), tensors.get(i));
        }
        return byName;
    }
}
