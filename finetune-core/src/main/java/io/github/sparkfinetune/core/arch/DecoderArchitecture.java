package io.github.sparkfinetune.core.arch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A language model whose tokens see those before them. */
public interface DecoderArchitecture extends Architecture {
    @Override
    DecoderShape shape();

    /** The last norm's weights. */
    Map<String, WeightSpec> head();

    /** Rotary positions; empty where positions are embedded. */
    Optional<RotaryPositions> rotary();

    @Override
    default List<BlockSpec> blocks(HeadKind head, int classes) {
        if (head != HeadKind.CAUSAL_LM) {
            throw new IllegalArgumentException(modelType() + " has no head for " + head);
        }
        List<BlockSpec> blocks = new ArrayList<>();
        if (!embeddings().isEmpty()) {
            blocks.add(BlockSpec.of(BlockKind.EMBEDDINGS, embeddings()));
        }
        for (int i = 0; i < shape().layers(); i++) {
            blocks.add(layer(i));
        }
        blocks.add(BlockSpec.of(BlockKind.HEAD, head()));
        return List.copyOf(blocks);
    }

    @Override
    default Map<String, WeightSpec> projection(HeadKind head) {
        return head == HeadKind.CAUSAL_LM
                ? new WeightSpecs()
                        .linear(PROJECTION, "lm_head", shape().vocabulary(), shape().hidden(), false)
                        .map()
                : Map.of();
    }

    @Override
    default boolean isTied() {
        return shape().tied();
    }
}
