package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Own weights of the lm_head, by which the loss maps the last block's output to logits over the vocabulary. Most models
 * have none: the lm_head's weight is the embedding table.
 *
 * @param weights weights by local name: {@value #WEIGHT} [vocabulary, width], {@value #BIAS} [vocabulary]
 * @param stored name of the stored tensor with the weight's initial values
 */
public record LmHead(Map<String, WeightSpec> weights, String stored) {
    /** Local name of the weight. */
    public static final String WEIGHT = Architecture.LM_HEAD + ".weight";
    /** Local name of the bias. */
    public static final String BIAS = Architecture.LM_HEAD + ".bias";

    /**
     * Returns the lm_head of a model. The lm_head has its own weight if it is not tied, or if PEFT trains a copy of the
     * weight or of the table.
     *
     * @return the lm_head, or empty if it has no own weights or the head returns logits
     */
    public static Optional<LmHead> of(Architecture architecture, HeadKind head, Adaptation adaptation) {
        Map<String, WeightSpec> weights = new LinkedHashMap<>(architecture.lmHead(head));
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
                : Optional.of(new LmHead(weights, architecture.isTied() ? table.name() : name));
    }

    /** Returns the name of the stored tensor with a weight's initial values. */
    public String stored(String local) {
        return local.equals(WEIGHT) ? stored : weights.get(local).name();
    }

    /** Returns whether the lm_head's weight is the embedding table. */
    public static boolean isTable(Optional<ParameterGroup> lmHead) {
        return lmHead.isEmpty() || !lmHead.get().weights().containsKey(WEIGHT);
    }

    /** Returns all weights by local name. */
    static Map<String, NDArray> weights(Optional<ParameterGroup> lmHead, Parameter table) {
        Map<String, NDArray> weights = new LinkedHashMap<>(Map.of(WEIGHT, table.value()));
        lmHead.ifPresent(block -> weights.putAll(block.weights()));
        return weights;
    }
}
