package io.github.sparkfinetune.core.arch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** A language model in which a token attends to the tokens before it. */
public interface DecoderArchitecture extends Architecture {
    @Override
    DecoderShape shape();

    /** Returns the last norm's weights. */
    Map<String, WeightSpec> head();

    /**
     * Returns the attention of a layer.
     *
     * @param layer index of the layer
     * @throws io.github.sparkfinetune.conf.error.RunException if the engine does not compute this attention
     */
    LayerAttention attention(int layer);

    /** Returns the distinct attentions of all layers, in the order of the layers. */
    default List<LayerAttention> attentions() {
        return IntStream.range(0, shape().layers())
                .mapToObj(this::attention)
                .distinct()
                .toList();
    }

    /** Returns the factors and caps of the model's states. */
    default DecoderFactors factors() {
        return DecoderFactors.plain(shape().headWidth());
    }

    /**
     * Returns whether the embedding table's own module multiplies by {@link DecoderFactors#embedding}, instead of the
     * model.
     */
    default boolean isTableScaled() {
        return false;
    }

    /** Returns whether looked-up rows differ from the first hidden state, so that the embeddings are a block. */
    default boolean hasEmbeddings() {
        return !embeddings().isEmpty() || factors().embedding() != 1;
    }

    @Override
    default boolean castsAdapters() {
        return !isRecorded();
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
    default Map<String, WeightSpec> lmHead(HeadKind head) {
        return head == HeadKind.CAUSAL_LM
                ? new WeightSpecs()
                        .linear(LM_HEAD, "lm_head", shape().vocabulary(), shape().hidden(), false)
                        .map()
                : Map.of();
    }

    @Override
    default boolean isTied() {
        return shape().tables().tied();
    }
}
