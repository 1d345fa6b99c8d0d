package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What maps the last block's output to logits over the vocabulary as part of the loss, as far as it has weights of its
 * own: mostly its weight is the embedding table.
 *
 * @param weights by local name: {@value #WEIGHT} [vocabulary, width], {@value #BIAS} [vocabulary]
 * @param stored name of the tensor that the weight begins with
 */
public record Projection(Map<String, WeightSpec> weights, String stored) {
    /** Local name of the weight. */
    public static final String WEIGHT = Architecture.PROJECTION + ".weight";
    /** Local name of the bias. */
    public static final String BIAS = Architecture.PROJECTION + ".bias";

    /**
     * Of a model: it has a weight where it is not tied, or where PEFT trains it or the table as a copy.
     *
     * @return empty where nothing is its own, or the head gives logits
     */
    public static Optional<Projection> of(Architecture architecture, HeadKind head, Adaptation adaptation) {
        Map<String, WeightSpec> weights = new LinkedHashMap<>(architecture.projection(head));
        if (weights.isEmpty()) {
            return Optional.empty();
        }
        WeightSpec table = architecture.table();
        String name = weights.get(WEIGHT).name();
        if (architecture.isTied() && !adaptation.saves(table.name()) && !adaptation.saves(name)) {
            weights.remove(WEIGHT);
        }
        return weights.isEmpty()
                ? Optional.empty()
                : Optional.of(new Projection(weights, architecture.isTied() ? table.name() : name));
    }

    /** Name of the tensor that one of the weights begins with. */
    public String stored(String local) {
        return local.equals(WEIGHT) ? stored : weights.get(local).name();
    }

    /** Whether the weight is the embedding table. */
    static boolean isTable(Optional<ParameterGroup> projection) {
        return projection.isEmpty() || !projection.get().weights().containsKey(WEIGHT);
    }

    /** All weights by local name. */
    static Map<String, NDArray> weights(Optional<ParameterGroup> projection, Parameter table) {
        Map<String, NDArray> weights = new LinkedHashMap<>(Map.of(WEIGHT, table.value()));
        projection.ifPresent(block -> weights.putAll(block.weights()));
        return weights;
    }
}
