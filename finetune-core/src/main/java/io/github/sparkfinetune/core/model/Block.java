package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A stretch of a model that is computed, differentiated and reduced over the ranks as one: the embeddings, a layer, or
 * the head.
 */
public final class Block {
    /** What a block computes. */
    public enum Kind {
        /** Sums looked-up rows of the embedding table with positions and types. */
        EMBEDDINGS,
        /** One transformer layer. */
        LAYER,
        /** From the last hidden state to logits, or to what the projection maps to logits. */
        HEAD,
        /** What maps hidden states to logits as part of the loss; never computed by itself. */
        PROJECTION
    }

    private final Kind kind;
    private final int layer;
    private final List<Parameter> parameters;
    private final Map<String, NDArray> weights;
    private final List<Parameter> trainable;
    private final List<String> trainableNames;

    /**
     * @param layer its number among the layers, or -1
     * @param parameters by the names that the script knows them by
     */
    Block(Kind kind, int layer, Map<String, Parameter> parameters) {
        this.kind = kind;
        this.layer = layer;
        this.parameters = List.copyOf(parameters.values());
        this.trainable = this.parameters.stream().filter(Parameter::trainable).toList();
        this.trainableNames = parameters.entrySet().stream()
                .filter(entry -> entry.getValue().trainable())
                .map(Map.Entry::getKey)
                .toList();
        Map<String, NDArray> values = new LinkedHashMap<>();
        parameters.forEach((local, parameter) -> values.put(local, parameter.value()));
        this.weights = Collections.unmodifiableMap(values);
    }

    public Kind kind() {
        return kind;
    }

    /** Number of a layer from 0, -1 for the other kinds. */
    public int layer() {
        return layer;
    }

    /** All parameters, in the order of Hugging Face. */
    public List<Parameter> parameters() {
        return parameters;
    }

    /** The parameters that are trained. */
    public List<Parameter> trainable() {
        return trainable;
    }

    /** One tensor for each trained parameter by the names that the script knows these by. */
    Map<String, NDArray> byName(List<NDArray> tensors) {
        Map<String, NDArray> byName = new LinkedHashMap<>();
        for (int i = 0; i < trainableNames.size(); i++) {
            byName.put(trainableNames.get(i), tensors.get(i));
        }
        return byName;
    }

    /** Weights by the names that the script knows them by. */
    Map<String, NDArray> weights() {
        return weights;
    }
}
