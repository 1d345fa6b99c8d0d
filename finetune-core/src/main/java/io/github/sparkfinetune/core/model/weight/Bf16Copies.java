package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Trained weights in BF16 for matrix products. The optimizer changes the weights in F32; each copy is rounded once
 * after a change, instead of in every product.
 */
public final class Bf16Copies {
    private final ScriptModule script;
    private final Map<String, NDArray> weights;
    private final Map<String, NDArray> copies = new LinkedHashMap<>();
    private boolean fresh = true;

    /**
     * Copies weights.
     *
     * @param manager owner of the copies
     * @param script script with the methods of {@code core.tensor} and of products in BF16
     * @param weights weights in F32, by local name
     */
    public Bf16Copies(NDManager manager, ScriptModule script, Map<String, NDArray> weights) {
        this.script = script;
        this.weights = Map.copyOf(weights);
        try (NDManager rounding = manager.newSubManager()) {
            weights.forEach((local, weight) -> {
                NDArray rounded = script.callOne(rounding, "product_weight", weight);
                copies.put(local, script.callOne(manager, "leaf", rounded));
            });
        }
    }

    /** Returns the copies by local name, valid after {@link #refresh}. */
    Map<String, NDArray> byName() {
        return copies;
    }

    /** Marks the copies as outdated, after weights have changed. */
    void updated() {
        fresh = false;
    }

    /** Rounds the weights again, if they have changed. */
    void refresh() {
        if (fresh || copies.isEmpty()) {
            return;
        }
        List<String> names = List.copyOf(copies.keySet());
        try (NDManager owner = copies.get(names.get(0)).getManager().newSubManager()) {
            script.call(
                    owner,
                    "copy_all",
                    names.stream().map(copies::get).toList(),
                    names.stream().map(weights::get).toList());
        }
        fresh = true;
    }
}
