package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Copies of a block's trained weights in BF16, which the script reads in their place. The optimizer changes the weights
 * in F32; each copy is rounded once after a change, instead of in every product.
 */
public final class Bf16Copies extends DerivedWeights {
    private final ScriptModule script;
    private final List<NDArray> weights = new ArrayList<>();
    private final List<NDArray> copies = new ArrayList<>();

    private Bf16Copies(ScriptModule script) {
        this.script = script;
    }

    /**
     * Adds copies to the constants of a block.
     *
     * @param manager owner of the copies
     * @param script script with the methods of {@code core.tensor}
     * @param isMultiplied whether only products read a weight, by local name
     */
    public static Bf16Copies of(
            NDManager manager, ScriptModule script, Block.Content content, Predicate<String> isMultiplied) {
        Bf16Copies all = new Bf16Copies(script);
        content.parameters().forEach((local, parameter) -> {
            if (parameter.trainable() && isMultiplied.test(local)) {
                NDArray copy = script.callOne(manager, "empty_bf16", parameter.shape(), parameter.value());
                copy.setRequiresGradient(true);
                content.constants().put(local, copy);
                all.weights.add(parameter.value());
                all.copies.add(copy);
            }
        });
        return all;
    }

    @Override
    void compute(Map<String, NDArray> all) {
        if (!copies.isEmpty()) {
            try (NDManager owner = copies.get(0).getManager().newSubManager()) {
                script.call(owner, "copy_all", copies, weights);
            }
        }
    }
}
