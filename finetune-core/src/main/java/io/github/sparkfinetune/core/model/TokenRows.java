package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.adapter.PeftAdapter;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.safetensors.TensorData;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Rows of an embedding table that are trained while the others are frozen, as PEFT's {@code trainable_token_indices}.
 * The table, which has memory of its own, always holds their values, so that whatever reads it, a tied head too, needs
 * to know nothing of them; only gradients do.
 */
public final class TokenRows {
    /** Names of a tied head's rows among the gradients of a projection, and of their tokens among its weights. */
    public static final String GRADIENT = "projection.rows";

    static final String TOKENS = "projection.row_ids";

    private final ScriptModule script;
    private final Parameter table;
    private final Parameter rows;
    private final List<Integer> tokens;
    private final NDArray ids;
    private final NDArray base;

    private TokenRows(
            ScriptModule script, Parameter table, Parameter rows, List<Integer> tokens, NDArray ids, NDArray base) {
        this.script = script;
        this.table = table;
        this.rows = rows;
        this.tokens = tokens;
        this.ids = ids;
        this.base = base;
        apply(true);
    }

    /**
     * Those of a model, which begin as the adapter that is continued has them, else as the table has.
     *
     * @param spec of the table
     * @param table in F32 memory of its own, where there are any
     * @throws RunException where the adapter's do not fit
     */
    static Optional<TokenRows> of(Weights weights, WeightSpec spec, Parameter table) {
        List<Integer> tokens = weights.adaptation().tokens();
        if (tokens.isEmpty()) {
            return Optional.empty();
        }
        String name = spec.module() + PeftAdapter.TOKEN_ROWS;
        NDManager manager = weights.device().manager();
        NDArray ids = Tensors.of(
                manager, tokens.stream().mapToLong(Integer::longValue).toArray());
        NDArray base = weights.script().callOne(manager, "select_rows", table.value(), ids);
        NDArray value = given(weights, spec, name, base.getShape()).orElseGet(base::duplicate);
        value.setRequiresGradient(true);
        Parameter rows = new Parameter(name, value, WeightSpec.Kind.EMBEDDING, true, false);
        return Optional.of(new TokenRows(weights.script(), table, rows, tokens, ids, base));
    }

    private static Optional<NDArray> given(Weights weights, WeightSpec spec, String name, Shape shape) {
        Map<String, TensorData> tensors =
                weights.adaptation().start().map(PeftAdapter::tensors).orElse(Map.of());
        for (String other : tensors.keySet()) {
            if (other.endsWith(PeftAdapter.TOKEN_ROWS)
                    && (!other.equals(name) || !Arrays.equals(tensors.get(other).shape(), shape.getShape()))) {
                throw RunException.data("the adapter does not fit this model: its " + other + " is "
                        + Arrays.toString(tensors.get(other).shape()) + ", of " + spec.name() + " the settings name "
                        + Arrays.toString(shape.getShape()));
            }
        }
        return Optional.ofNullable(tensors.get(name))
                .map(tensor -> weights.continued(tensor).value());
    }

    /** The rows [tokens, width]. */
    public Parameter parameter() {
        return rows;
    }

    /** Ids of their tokens. */
    public List<Integer> tokens() {
        return tokens;
    }

    NDArray ids() {
        return ids;
    }

    /** Puts the rows, or what the base has in their place, into the table. */
    void apply(boolean applied) {
        try (NDManager owner = ids.getManager().newSubManager()) {
            script.call(owner, "set_rows", table.value(), ids, applied ? rows.value() : base);
        }
    }
}
