package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Tensors;
import java.util.List;

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

    /**
     * @param manager owner of what it keeps
     * @param table in F32
     * @param rows [tokens, width]
     * @param tokens their ids
     */
    TokenRows(NDManager manager, ScriptModule script, Parameter table, Parameter rows, List<Integer> tokens) {
        this.script = script;
        this.table = table;
        this.rows = rows;
        this.tokens = tokens;
        this.ids = Tensors.of(
                manager, tokens.stream().mapToLong(Integer::longValue).toArray());
        this.base = script.callOne(manager, "select_rows", table.value(), ids);
        apply(true);
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
        script.call(table.value().getManager(), "set_rows", table.value(), ids, applied ? rows.value() : base);
    }
}
