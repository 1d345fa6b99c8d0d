package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.conf.error.RunException;
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
 * Trained rows of a frozen embedding table, as PEFT's {@code trainable_token_indices}. The table has its own memory and
 * always holds the current values of the rows. Therefore readers of the table, such as a tied head, need no special
 * case. Only gradients need one.
 */
public final class TokenRows {
    /** Name of a tied head's rows among the gradients of the lm_head. */
    public static final String GRADIENT = "lm_head.rows";

    /** Name of the rows' token ids among the weights of the lm_head. */
    static final String TOKENS = "lm_head.row_ids";

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
     * Returns the trained rows of a model. The initial values are those of the continued adapter, else those of the
     * table.
     *
     * @param spec specification of the table
     * @param table embedding table, in its own F32 memory if rows are trained
     * @throws RunException if the adapter's rows do not fit
     */
    public static Optional<TokenRows> of(Weights weights, WeightSpec spec, Parameter table) {
        List<Integer> tokens = weights.adaptation().tokens();
        if (tokens.isEmpty()) {
            return Optional.empty();
        }
        String name = spec.module() + PeftAdapter.TOKEN_ROWS;
        NDManager manager = weights.device().manager();
        NDArray ids = Tensors.of(
                manager, tokens.stream().mapToLong(Integer::longValue).toArray());
        NDArray base = weights.script().callOne(manager, "select_rows", table.value(), ids);
        NDArray value = continued(weights, spec, name, base.getShape()).orElseGet(base::duplicate);
        value.setRequiresGradient(true);
        Parameter rows = new Parameter(name, value, WeightSpec.Kind.EMBEDDING, true, false);
        return Optional.of(new TokenRows(weights.script(), table, rows, tokens, ids, base));
    }

    private static Optional<NDArray> continued(Weights weights, WeightSpec spec, String name, Shape shape) {
        Map<String, TensorData> tensors =
                weights.adaptation().start().map(PeftAdapter::tensors).orElse(Map.of());
        for (String other : tensors.keySet()) {
            if (other.endsWith(PeftAdapter.TOKEN_ROWS)
                    && (!other.equals(name) || !Arrays.equals(tensors.get(other).shape(), shape.getShape()))) {
                throw RunException.data("the adapter does not fit this model: its " + other + " has shape "
                        + Arrays.toString(tensors.get(other).shape()) + ", the settings select rows of " + spec.name()
                        + " of shape "
                        + Arrays.toString(shape.getShape()));
            }
        }
        return Optional.ofNullable(tensors.get(name))
                .map(tensor -> weights.continued(tensor).value());
    }

    /** Returns the rows, [tokens, width]. */
    public Parameter parameter() {
        return rows;
    }

    /** Returns the token ids of the rows. */
    public List<Integer> tokens() {
        return tokens;
    }

    NDArray ids() {
        return ids;
    }

    /** Writes the trained rows, or the base model's values, into the table. */
    public void apply(boolean applied) {
        try (NDManager owner = ids.getManager().newSubManager()) {
            script.call(owner, "set_rows", table.value(), ids, applied ? rows.value() : base);
        }
    }
}
