package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * All weights that map the last block's output to logits, see {@link Projection}. Where products are in BF16 a weight
 * that is F32 and doesn't change is rounded for them once, when it is first read: it may be a third of a small model,
 * and is read for every token that is generated.
 */
final class ProjectionWeights {
    private final ScriptModule script;
    private final Map<String, NDArray> weights;
    private final boolean rounds;
    private Map<String, NDArray> read;

    ProjectionWeights(
            MatmulBackend matmul,
            ScriptModule script,
            Parameter table,
            Optional<Block> projection,
            Optional<TokenRows> tokenRows) {
        this.script = script;
        weights = Projection.weights(projection, table);
        tokenRows.ifPresent(rows -> weights.put(TokenRows.TOKENS, rows.ids()));
        boolean changes = tokenRows.isPresent()
                || (Projection.isTable(projection)
                        ? table.trainable()
                        : !projection.orElseThrow().trainable().isEmpty());
        rounds = matmul == MatmulBackend.BF16
                && !changes
                && weights.get(Projection.WEIGHT).getDataType() == DataType.FLOAT32;
    }

    /** By local name; unmodifiable. */
    synchronized Map<String, NDArray> get() {
        if (read == null) {
            Map<String, NDArray> all = new LinkedHashMap<>(weights);
            if (rounds) {
                all.computeIfPresent(
                        Projection.WEIGHT,
                        (name, weight) -> script.callOne(weight.getManager(), "product_weight", weight));
            }
            read = Collections.unmodifiableMap(all);
        }
        return read;
    }
}
