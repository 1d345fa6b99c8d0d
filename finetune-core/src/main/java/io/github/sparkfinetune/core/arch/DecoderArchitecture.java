package io.github.sparkfinetune.core.arch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A language model whose tokens see those before them. */
public interface DecoderArchitecture extends Architecture {
    @Override
    DecoderShape shape();

    /** The last norm's weights. */
    Map<String, WeightSpec> head();

    /**
     * What a layer sees of a text.
     *
     * @param layer its number from 0
     * @throws io.github.sparkfinetune.conf.RunException where the engine does not compute it
     */
    LayerAttention attention(int layer);

    /** What of all layers' attention there is, each once, in the order of the layers. */
    default List<LayerAttention> attentions() {
        return IntStream.range(0, shape().layers())
                .mapToObj(this::attention)
                .distinct()
                .toList();
    }

    /** What states are multiplied or bounded by. */
    default DecoderFactors factors() {
        return DecoderFactors.plain(shape().headWidth());
    }

    /** Whether the table's own module multiplies by {@link DecoderFactors#embedding}, not the model around it. */
    default boolean isTableScaled() {
        return false;
    }

    /** Whether looked-up rows differ from the first hidden state, so that there is a block for the embeddings. */
    default boolean hasEmbeddings() {
        return !embeddings().isEmpty() || factors().embedding() != 1;
    }

    @Override
    default List<BlockSpec> blocks(HeadKind head, int classes) {
        if (head != HeadKind.CAUSAL_LM) {
            throw new IllegalArgumentException(modelType() + " has no head for " + head);
        }
        List<BlockSpec> blocks = new ArrayList<>();
        if (hasEmbeddings()) {
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
        return shape().tables().tied();
    }
}
