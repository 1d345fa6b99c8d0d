package io.github.sparkfinetune.core.model.weight;

import ai.djl.ndarray.NDArray;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;

/**
 * All weights of the lm_head from the last block's output to logits, see {@link LmHead}. If products are in BF16, an
 * F32 weight that does not change is rounded once. The weight may be a third of a small model, and is read for every
 * generated token.
 */
public final class LmHeadWeights {
    private LmHeadWeights() {}

    /**
     * Returns the weights by local name; empty if the head returns logits.
     *
     * @param table the embedding table
     * @param lmHead the lm_head's own weights, or empty
     */
    public static Map<String, NDArray> of(
            Weights weights,
            Architecture architecture,
            HeadKind head,
            Parameter table,
            Optional<ParameterGroup> lmHead,
            Optional<TokenRows> tokenRows) {
        if (architecture.lmHead(head).isEmpty()) {
            return Map.of();
        }
        Map<String, NDArray> all = LmHead.weights(lmHead, table);
        tokenRows.ifPresent(rows -> all.put(TokenRows.TOKENS, rows.ids()));
        boolean isTable = LmHead.isTable(lmHead);
        boolean changes = tokenRows.isPresent()
                || (isTable
                        ? table.trainable()
                        : !lmHead.orElseThrow().trainable().isEmpty());
        if (!changes) {
            String stored = isTable
                    ? table.name()
                    : LmHead.of(architecture, head, weights.adaptation())
                            .orElseThrow()
                            .stored();
            all.computeIfPresent(LmHead.WEIGHT, (name, value) -> weights.forProducts(value, stored));
        }
        return Collections.unmodifiableMap(all);
    }
}
