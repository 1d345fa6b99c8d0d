package io.github.sparkfinetune.core.arch.bert;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.ActivationNames;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.ConfiguredEncoder;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.MaskedLmHead;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.WeightSpecs;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;

/**
 * BERT, as {@code transformers/models/bert/modeling_bert.py} computes it: words, positions and token types are summed
 * and normed. A layer is post-norm. A text's class is predicted from the pooled first token.
 */
public class Bert extends ConfiguredEncoder {
    /** @param config configuration with the keys of {@code BertConfig} */
    public Bert(HfConfig config) {
        this(config, config.padTokenId().orElse(0), 0, config.size("hidden_size"));
    }

    /**
     * Creates the architecture of a family with BERT's keys and layers.
     *
     * @param paddingId id of the padding token
     * @param firstPosition row of the position table for a text's first token
     * @param embedding width of the embeddings
     */
    protected Bert(HfConfig config, int paddingId, int firstPosition, int embedding) {
        super(config, shape(config, paddingId, firstPosition, embedding));
    }

    private static ModelShape shape(HfConfig config, int paddingId, int firstPosition, int embedding) {
        double dropout = hiddenDropout(config);
        int positions = config.size("max_position_embeddings");
        if (firstPosition < 0 || firstPosition >= positions) {
            throw RunException.data(config.source() + ": pad_token_id " + paddingId + " leaves none of the " + positions
                    + " positions of max_position_embeddings");
        }
        return new ModelShape(
                config.layers("num_hidden_layers"),
                ModelShape.Widths.ofEqualHeads(
                        config.size("hidden_size"),
                        embedding,
                        config.divisor("num_attention_heads", "hidden_size"),
                        config.size("intermediate_size")),
                new ModelShape.Tables(
                        config.vocabSize(), positions, config.size("type_vocab_size"), firstPosition, paddingId, 0),
                config.number(1e-12, "layer_norm_eps"),
                config.text("hidden_act").orElse("gelu"),
                new ModelShape.DropoutRates(
                        dropout, dropout, dropout, config.rate(0.1, "attention_probs_dropout_prob")),
                config.number(0.02, "initializer_range"));
    }

    private static double hiddenDropout(HfConfig config) {
        return config.rate(0.1, "hidden_dropout_prob");
    }

    /** Returns the rate of dropout before a classifier: {@code classifier_dropout}, or else the hidden states' rate. */
    protected final double classifierDropout() {
        return config.rate(hiddenDropout(config), "classifier_dropout");
    }

    @Override
    public String classPrefix() {
        return "Bert";
    }

    @Override
    public void requireSupported() {
        config.require("position_embedding_type", "absolute");
        config.require("is_decoder", false);
        config.require("add_cross_attention", false);
        ActivationNames.require(config, "hidden_act", shape.activation());
    }

    @Override
    public String prefix() {
        return "bert.";
    }

    @Override
    public Map<String, WeightSpec> embeddings() {
        String at = prefix() + "embeddings.";
        return new WeightSpecs()
                .embedding(
                        "position", at + "position_embeddings", shape.tables().positions(), shape.embedding())
                .embedding("type", at + "token_type_embeddings", shape.tables().types(), shape.embedding())
                .layerNorm("norm", at + "LayerNorm", shape.embedding())
                .map();
    }

    @Override
    public BlockSpec layer(int layer) {
        String at = prefix() + "encoder.layer." + layer + ".";
        int hidden = shape.hidden();
        return new BlockSpec(
                BlockKind.LAYER,
                layer,
                new WeightSpecs()
                        .linear("query", at + "attention.self.query", hidden, hidden)
                        .linear("key", at + "attention.self.key", hidden, hidden)
                        .linear("value", at + "attention.self.value", hidden, hidden)
                        .linear("attention_output", at + "attention.output.dense", hidden, hidden)
                        .layerNorm("attention_norm", at + "attention.output.LayerNorm", hidden)
                        .feedForward(at, hidden, shape.intermediate())
                        .map());
    }

    @Override
    public HeadSpec sequenceHead(int classes) {
        return sequenceHead(prefix() + "pooler.dense", "classifier", classes, "tanh", 0);
    }

    @Override
    public MaskedLmHead maskedLmHead() {
        return MaskedLmHead.predictions(shape.activation());
    }

    @Override
    public double tokenDropout() {
        return classifierDropout();
    }

    /**
     * Returns a head over the first token: a dense layer, its activation, and the classifier.
     *
     * @param dense full name of the dense layer
     * @param classifier full name of the classifier
     * @param inputDropout rate of dropout on the first token's hidden state
     */
    protected final HeadSpec sequenceHead(
            String dense, String classifier, int classes, String activation, double inputDropout) {
        return HeadSpec.overFirstToken(
                dense, classifier, classes, shape.hidden(), activation, inputDropout, classifierDropout());
    }

    @Override
    public List<String> loraTargets() {
        return List.of("query", "value");
    }
}
