package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.Map;

/**
 * Row norms of {@code W + scaling · B A}, by which DoRA divides. The gradient treats them as constants. They change
 * only when the optimizer changes A and B. Therefore they are computed once per step, from {@code W Aᵀ} and {@code A
 * Aᵀ}, without forming the sum.
 */
public final class DoraNorms extends DerivedWeights {
    private final ScriptModule script;
    private final boolean conv1d;
    /** Norms and squares by the linear's local name. */
    private final Map<String, Norm> norms;

    /**
     * Norms of one linear.
     *
     * @param norm row norms of the sum, [out], overwritten at each refresh
     * @param squares squared row norms of W alone, [out]
     */
    public record Norm(NDArray norm, NDArray squares) {}

    public DoraNorms(ScriptModule script, boolean conv1d, Map<String, Norm> norms) {
        this.script = script;
        this.conv1d = conv1d;
        this.norms = norms;
    }

    @Override
    void compute(Map<String, NDArray> weights) {
        norms.forEach((linear, norm) -> {
            try (NDManager owner = norm.norm().getManager().newSubManager()) {
                NDArray value = script.callOne(
                        owner,
                        "dora_norm",
                        norm.squares(),
                        weights.get(linear + ".weight"),
                        conv1d,
                        weights.get(linear + ".lora_A"),
                        weights.get(linear + ".lora_B"),
                        weights.get(linear + ".scaling"));
                script.call(owner, "copy", norm.norm(), value);
            }
        });
    }
}
