package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Set;
import java.util.TreeSet;

/**
 * Sizes and rates of an encoder, whatever its architecture calls them.
 *
 * @param layers number of transformer layers
 * @param hidden width of a hidden state
 * @param heads attention heads
 * @param intermediate width of the feed-forward part
 * @param vocabulary rows of the embedding table
 * @param positions rows of the position table
 * @param types rows of the token type table, 0 without one
 * @param firstPosition position of the first token (RoBERTa starts at its padding id + 1)
 * @param paddingId id of the padding token; its embedding row gets no gradient
 * @param epsilon of the layer norms
 * @param activation of the feed-forward part: gelu, gelu_new or relu
 * @param hiddenDropout on the embeddings and the feed-forward output
 * @param attentionOutputDropout on the attention's output
 * @param probsDropout on the attention's probabilities
 * @param initializerRange standard deviation of new weights
 */
public record EncoderShape(
        int layers,
        int hidden,
        int heads,
        int intermediate,
        int vocabulary,
        int positions,
        int types,
        int firstPosition,
        int paddingId,
        double epsilon,
        String activation,
        double hiddenDropout,
        double attentionOutputDropout,
        double probsDropout,
        double initializerRange) {

    private static final Set<String> ACTIVATIONS = Set.of("gelu", "gelu_new", "gelu_pytorch_tanh", "relu");

    /**
     * What config.json says.
     *
     * @param types whether the architecture has token types
     * @param firstPosition position of the first token
     * @param attentionOutputDropout whether the attention's output is dropped at the hidden rate
     */
    static EncoderShape of(HfConfig config, boolean types, int firstPosition, boolean attentionOutputDropout) {
        if (!config.positionEmbeddingType().equals("absolute")) {
            throw RunException.data(config.source() + ": position_embedding_type " + config.positionEmbeddingType()
                    + " is not supported, only absolute is");
        }
        return new EncoderShape(
                config.numHiddenLayers(),
                config.hiddenSize(),
                config.numAttentionHeads(),
                config.intermediateSize(),
                config.vocabSize(),
                config.maxPositionEmbeddings(),
                types ? config.typeVocabSize() : 0,
                firstPosition,
                config.padTokenId().orElse(0),
                config.layerNormEps(),
                activation(config, config.hiddenAct()),
                config.hiddenDropout(),
                attentionOutputDropout ? config.hiddenDropout() : 0,
                config.attentionDropout(),
                config.initializerRange());
    }

    /** An activation that the scripts know. */
    static String activation(HfConfig config, String name) {
        if (!ACTIVATIONS.contains(name)) {
            throw RunException.data(config.source() + ": activation " + name + " is not supported; supported are "
                    + new TreeSet<>(ACTIVATIONS));
        }
        return name;
    }

    /** Longest sample in tokens. */
    public int maxLength() {
        return positions - firstPosition;
    }
}
