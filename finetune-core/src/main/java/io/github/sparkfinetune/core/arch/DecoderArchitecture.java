package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** A language model in which a token attends to the tokens before it. */
public interface DecoderArchitecture extends Architecture {
    /** Returns the last norm's weights. */
    Map<String, WeightSpec> lastNorm();

    /** Returns the kinds of heads for which {@code transformers} has a class of the family. */
    default Set<HeadKind> heads() {
        return EnumSet.of(
                HeadKind.CAUSAL_LM,
                HeadKind.SEQUENCE_CLASSIFICATION,
                HeadKind.TOKEN_CLASSIFICATION,
                HeadKind.EMBEDDING);
    }

    /** Returns the full name of the linear of a head that classifies. */
    default String classifier(HeadKind head) {
        return "score";
    }

    @Override
    default HeadSpec head(HeadKind kind, int classes) {
        if (!heads().contains(kind)) {
            throw RunException.data("model: transformers has no class of " + modelType() + " that ends with "
                    + kind.suffix() + ": choose a model of another family");
        }
        if (kind == HeadKind.CAUSAL_LM || kind == HeadKind.EMBEDDING) {
            return new HeadSpec(lastNorm(), "", 0, 0);
        }
        boolean ofTokens = kind == HeadKind.TOKEN_CLASSIFICATION;
        WeightSpecs weights =
                new WeightSpecs(lastNorm()).linear("classifier", classifier(kind), classes, shape().hidden(), ofTokens);
        return new HeadSpec(weights.map(), "", 0, ofTokens ? tokenDropout() : 0);
    }

    /** Returns the rate of dropout before the head that classifies each token. */
    double tokenDropout();

    /** Returns the rate that {@code transformers} reads from a configuration for {@link #tokenDropout()}. */
    static double tokenDropout(HfConfig config) {
        return config.number(config.number(0.1, "hidden_dropout"), "classifier_dropout");
    }

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
        List<BlockSpec> blocks = new ArrayList<>();
        if (hasEmbeddings()) {
            blocks.add(BlockSpec.of(BlockKind.EMBEDDINGS, embeddings()));
        }
        for (int i = 0; i < shape().layers(); i++) {
            blocks.add(layer(i));
        }
        blocks.add(BlockSpec.of(BlockKind.HEAD, head(head, classes).weights()));
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
}
