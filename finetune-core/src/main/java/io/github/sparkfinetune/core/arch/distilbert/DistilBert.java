package io.github.sparkfinetune.core.arch.distilbert;

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
 * DistilBERT, as {@code transformers/models/distilbert/modeling_distilbert.py} computes it: BERT's layers under other
 * names, without token types and without dropout on the attention's output. No key changes the norms' epsilon.
 */
public final class DistilBert extends ConfiguredEncoder {
    private static final double EPSILON = 1e-12;

    /**
     * @param config configuration with the keys of {@code DistilBertConfig}, or BERT's if {@code transformers} reads
     *     them
     */
    public DistilBert(HfConfig config) {
        super(config, shape(config));
    }

    private static ModelShape shape(HfConfig config) {
        double dropout = config.rate(0.1, "dropout");
        return new ModelShape(
                config.layers("num_hidden_layers", "n_layers"),
                ModelShape.Widths.ofEqualHeads(
                        config.size("hidden_size", "dim"),
                        config.size("hidden_size", "dim"),
                        config.divisor(new String[] {"num_attention_heads", "n_heads"}, "hidden_size", "dim"),
                        config.size("hidden_dim")),
                ModelShape.Tables.ofTokens(
                        config.vocabSize(),
                        config.size("max_position_embeddings"),
                        config.padTokenId().orElse(0)),
                EPSILON,
                config.text("activation").orElse("gelu"),
                new ModelShape.DropoutRates(dropout, dropout, 0, config.rate(0.1, "attention_dropout")),
                config.number(0.02, "initializer_range"));
    }

    @Override
    public String classPrefix() {
        return "DistilBert";
    }

    @Override
    public void requireSupported() {
        ActivationNames.require(config, "activation", shape.activation());
    }

    @Override
    public String prefix() {
        return "distilbert.";
    }

    @Override
    public Map<String, WeightSpec> embeddings() {
        String at = prefix() + "embeddings.";
        return new WeightSpecs()
                .embedding(
                        "position", at + "position_embeddings", shape.tables().positions(), shape.hidden())
                .layerNorm("norm", at + "LayerNorm", shape.hidden())
                .map();
    }

    @Override
    public BlockSpec layer(int layer) {
        String at = prefix() + "transformer.layer." + layer + ".";
        int hidden = shape.hidden();
        int wide = shape.intermediate();
        return new BlockSpec(
                BlockKind.LAYER,
                layer,
                new WeightSpecs()
                        .linear("query", at + "attention.q_lin", hidden, hidden)
                        .linear("key", at + "attention.k_lin", hidden, hidden)
                        .linear("value", at + "attention.v_lin", hidden, hidden)
                        .linear("attention_output", at + "attention.out_lin", hidden, hidden)
                        .layerNorm("attention_norm", at + "sa_layer_norm", hidden)
                        .linear("intermediate", at + "ffn.lin1", wide, hidden)
                        .linear("output", at + "ffn.lin2", hidden, wide)
                        .layerNorm("output_norm", at + "output_layer_norm", hidden)
                        .map());
    }

    @Override
    public HeadSpec sequenceHead(int classes) {
        double dropout = config.rate(0.2, "seq_classif_dropout");
        return HeadSpec.overFirstToken("pre_classifier", "classifier", classes, shape.hidden(), "relu", 0, dropout);
    }

    @Override
    public MaskedLmHead maskedLmHead() {
        return new MaskedLmHead(
                "vocab_transform", "vocab_layer_norm", "vocab_projector", "vocab_projector", shape.activation());
    }

    @Override
    public double tokenDropout() {
        return shape.dropout().hidden();
    }

    @Override
    public double answerDropout() {
        return config.rate(0.1, "qa_dropout");
    }

    @Override
    public List<String> loraTargets() {
        return List.of("q_lin", "v_lin");
    }
}
