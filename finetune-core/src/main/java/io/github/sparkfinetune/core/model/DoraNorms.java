package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.Map;

/**
 * The row norms of {@code W + scaling · B A} that DoRA divides by. They are constants to the gradient and change only
 * when the optimizer moves A and B, so they are computed once a step, from {@code W Aᵀ} and {@code A Aᵀ} without
 * forming the sum.
 */
final class DoraNorms {
    private final ScriptModule script;
    private final boolean conv1d;
    /** Norms and squares of W's rows by the linear's local name. */
    private final Map<String, Norm> norms;

    private boolean fresh;

    /**
     * One linear's.
     *
     * @param norm [out], written in place
     * @param squares [out], of W alone
     */
    record Norm(NDArray norm, NDArray squares) {}

    DoraNorms(ScriptModule script, boolean conv1d, Map<String, Norm> norms) {
        this.script = script;
        this.conv1d = conv1d;
        this.norms = norms;
    }

    /** Takes note that A and B have changed. */
    void updated() {
        fresh = false;
    }

    /** Brings the norms up to date with a block's weights, which must be ready to be read. */
    void refresh(Map<String, NDArray> weights) {
        if (fresh || norms.isEmpty()) {
            return;
        }
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
        fresh = true;
    }
}
