package io.github.sparkfinetune.core.arch.mpnet;

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
 * MPNet, as {@code transformers/models/mpnet/modeling_mpnet.py} computes it: BERT's layers without token types, with
 * RoBERTa's positions and heads. All layers add the same bias to their scores by the distance of query and key. The
 * padding id is always 1 and the table always has 32 buckets, independent of the configuration.
 */
public final class Mpnet extends ConfiguredEncoder {
    private static final int PADDING = 1;
    private static final int BUCKETS = 32;
    private static final String ROWS = "relative_attention_num_buckets";

    /** @param config configuration with the keys of {@code MPNetConfig} */
    public Mpnet(HfConfig config) {
        super(config, shape(config));
    }

    private static ModelShape shape(HfConfig config) {
        double dropout = config.rate(0.1, "hidden_dropout_prob");
        int positions = config.size("max_position_embeddings");
        if (positions <= PADDING + 1) {
            throw RunException.data(config.source() + ": max_position_embeddings " + positions
                    + " leaves no position: the first position is the padding id + 1, " + (PADDING + 1));
        }
        return new ModelShape(
                config.layers("num_hidden_layers"),
                ModelShape.Widths.ofEqualHeads(
                        config.size("hidden_size"),
                        config.size("hidden_size"),
                        config.divisor("num_attention_heads", "hidden_size"),
                        config.size("intermediate_size")),
                new ModelShape.Tables(config.vocabSize(), positions, 0, PADDING + 1, PADDING, 0),
                config.number(1e-12, "layer_norm_eps"),
                config.text("hidden_act").orElse("gelu"),
                new ModelShape.DropoutRates(
                        dropout, dropout, dropout, config.rate(0.1, "attention_probs_dropout_prob")),
                config.number(0.02, "initializer_range"));
    }

    @Override
    public String classPrefix() {
        return "MPNet";
    }

    @Override
    public void requireSupported() {
        ActivationNames.require(config, "hidden_act", shape.activation());
        if (rows() < BUCKETS) {
            throw RunException.data(config.source() + ": " + ROWS + " " + rows() + " is not supported: distances have "
                    + BUCKETS + " buckets");
        }
    }

    private int rows() {
        return config.sizeOr(BUCKETS, ROWS);
    }

    @Override
    public String script() {
        return "core.arch.mpnet.mpnet";
    }

    @Override
    public String prefix() {
        return "mpnet.";
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

    /**
     * Returns the table of relative positions. Its name makes the table a bias, to which weight decay does not apply.
     */
    @Override
    public Map<String, WeightSpec> shared() {
        return Map.of(
                "relative.weight",
                new WeightSpec(
                        prefix() + "encoder.relative_attention_bias.weight",
                        WeightSpec.Kind.BIAS,
                        rows(),
                        shape.heads()));
    }

    @Override
    public BlockSpec layer(int layer) {
        String at = prefix() + "encoder.layer." + layer + ".";
        int hidden = shape.hidden();
        return new BlockSpec(
                BlockKind.LAYER,
                layer,
                new WeightSpecs()
                        .linear("query", at + "attention.attn.q", hidden, hidden)
                        .linear("key", at + "attention.attn.k", hidden, hidden)
                        .linear("value", at + "attention.attn.v", hidden, hidden)
                        .linear("attention_output", at + "attention.attn.o", hidden, hidden)
                        .layerNorm("attention_norm", at + "attention.LayerNorm", hidden)
                        .feedForward(at, hidden, shape.intermediate())
                        .map());
    }

    @Override
    public HeadSpec sequenceHead(int classes) {
        double dropout = shape.dropout().hidden();
        return HeadSpec.overFirstToken(
                "classifier.dense", "classifier.out_proj", classes, shape.hidden(), "tanh", dropout, dropout);
    }

    @Override
    public MaskedLmHead maskedLmHead() {
        return MaskedLmHead.lmHead();
    }

    @Override
    public double tokenDropout() {
        return shape.dropout().hidden();
    }

    /** Returns PEFT's targets for BERT; PEFT has no targets for this family. */
    @Override
    public List<String> loraTargets() {
        return List.of("q", "v");
    }
}
