package io.github.sparkfinetune.core.arch.modernbert;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.ActivationNames;
import io.github.sparkfinetune.core.arch.Architecture;
import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.ConfiguredEncoder;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.LayerBytes;
import io.github.sparkfinetune.core.arch.LayerBytes.Tensors;
import io.github.sparkfinetune.core.arch.LayerUse;
import io.github.sparkfinetune.core.arch.MaskedLmHead;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.WeightSpecs;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * ModernBERT, as {@code transformers/models/modernbert/modeling_modernbert.py} computes it: pre-norm layers with rotary
 * positions and a gated feed-forward part. Global layers attend to all tokens, the other layers to near tokens with
 * another base of the angles. The first and then each {@code global_attn_every_n_layers}-th layer is global, or the
 * layers that {@code layer_types} names. All heads begin with a dense layer, an activation and a norm.
 */
public final class ModernBert extends ConfiguredEncoder {
    private static final String DENSE = "dense";
    private static final String CLASSIFIER = "classifier";
    private static final String NORM = "norm";
    private static final String DECODER = "decoder";
    private static final String MEAN = "mean";
    private static final String POOLING = "classifier_pooling";
    private static final String MLP_DROPOUT = "mlp_dropout";

    private final ModernBertAttention attentions;
    private final boolean normBias;

    /** @param config configuration with the keys of {@code ModernBertConfig} */
    public ModernBert(HfConfig config) {
        super(config, shape(config));
        attentions = new ModernBertAttention(config, shape);
        normBias = config.flag(false, "norm_bias");
    }

    private static ModelShape shape(HfConfig config) {
        double attentionDropout = config.rate(0, "attention_dropout");
        return new ModelShape(
                config.layers("num_hidden_layers"),
                ModelShape.Widths.ofEqualHeads(
                        config.size("hidden_size"),
                        config.size("hidden_size"),
                        config.divisor("num_attention_heads", "hidden_size"),
                        config.size("intermediate_size")),
                ModelShape.Tables.ofTokens(
                        config.vocabSize(),
                        config.size("max_position_embeddings"),
                        config.padTokenId().orElse(50_283)),
                config.number(1e-5, "norm_eps"),
                config.text("hidden_activation").orElse("gelu"),
                new ModelShape.DropoutRates(config.rate(0, "embedding_dropout"), 0, attentionDropout, attentionDropout),
                config.number(0.02, "initializer_range"));
    }

    @Override
    public String classPrefix() {
        return "ModernBert";
    }

    @Override
    public void requireSupported() {
        ActivationNames.require(config, "hidden_activation", shape.activation());
        ActivationNames.require(config, "classifier_activation", headActivation());
        for (String key : List.of("rope_scaling", "head_dim", "partial_rotary_factor")) {
            if (config.find(key).isPresent()) {
                throw RunException.data(
                        config.source() + ": " + key + " is not supported for model_type " + modelType());
            }
        }
        for (int layer = 0; layer < shape.layers(); layer++) {
            if (attentions.rotary(layer).scaling().isPresent()) {
                throw RunException.data(config.source() + ": scaled angles (rope_parameters) are not supported for"
                        + " model_type " + modelType());
            }
        }
        if (config.rate(0, MLP_DROPOUT) > 0) {
            throw RunException.data(config.source() + ": " + MLP_DROPOUT + " is not supported; only 0 is");
        }
        if (shape.headWidth() % 2 != 0) {
            throw RunException.data(config.source() + ": heads of " + shape.headWidth()
                    + " values cannot be rotated in pairs: hidden_size / num_attention_heads must be even");
        }
        if (attentions.span() < 2) {
            throw RunException.data(config.source() + ": " + ModernBertAttention.SPAN + " must be at least 2");
        }
        pools();
    }

    private boolean pools() {
        String pooling = config.text(POOLING).orElse("cls");
        if (!List.of("cls", MEAN).contains(pooling)) {
            throw RunException.data(config.source() + ": " + POOLING + " " + pooling + " must be cls or mean");
        }
        return pooling.equals(MEAN);
    }

    private String headActivation() {
        return config.text("classifier_activation").orElse("gelu");
    }

    @Override
    public String script() {
        return "core.arch.modernbert.modernbert";
    }

    @Override
    public boolean padsAttention() {
        return false;
    }

    @Override
    public int window() {
        return attentions.window();
    }

    @Override
    public Optional<RotaryPositions> rotary(int layer) {
        return Optional.of(attentions.rotary(layer));
    }

    @Override
    public Map<String, Object> attributes() {
        return Map.of("mean_pooling", pools());
    }

    @Override
    public String prefix() {
        return "model.";
    }

    @Override
    public WeightSpec table() {
        return new WeightSpec(
                prefix() + "embeddings.tok_embeddings.weight",
                WeightSpec.Kind.EMBEDDING,
                shape.vocabulary(),
                shape.embedding());
    }

    @Override
    public Map<String, WeightSpec> embeddings() {
        return new WeightSpecs()
                .layerNorm(NORM, prefix() + "embeddings.norm", shape.hidden(), normBias)
                .map();
    }

    @Override
    public BlockSpec layer(int layer) {
        String at = prefix() + "layers." + layer + ".";
        int hidden = shape.hidden();
        int wide = shape.intermediate();
        boolean attentionBias = config.flag(false, "attention_bias");
        boolean mlpBias = config.flag(false, "mlp_bias");
        WeightSpecs weights = new WeightSpecs();
        if (layer > 0) {
            weights.layerNorm("attn_norm", at + "attn_norm", hidden, normBias);
        }
        weights.linear("attn.Wqkv", at + "attn.Wqkv", 3 * hidden, hidden, attentionBias)
                .linear("attn.Wo", at + "attn.Wo", hidden, hidden, attentionBias)
                .layerNorm("mlp_norm", at + "mlp_norm", hidden, normBias)
                .linear("mlp.Wi", at + "mlp.Wi", 2 * wide, hidden, mlpBias)
                .linear("mlp.Wo", at + "mlp.Wo", hidden, wide, mlpBias);
        if (layer == shape.layers() - 1) {
            weights.layerNorm("final_norm", prefix() + "final_norm", hidden, normBias);
        }
        return new BlockSpec(BlockKind.LAYER, layer, weights.map(), attentions.constants(layer));
    }

    @Override
    public HfConfig written(HfConfig written) {
        return attentions.written(written);
    }

    @Override
    public HeadSpec head(HeadKind kind, int classes) {
        return switch (kind) {
            case TOKEN_CLASSIFICATION, SEQUENCE_CLASSIFICATION -> sequenceHead(classes);
            case QUESTION_ANSWERING -> sequenceHead(2);
            case MASKED_LM -> new HeadSpec(dense().map(), headActivation(), 0, 0);
            case EMBEDDING, CAUSAL_LM -> super.head(kind, classes);
        };
    }

    private WeightSpecs dense() {
        int hidden = shape.hidden();
        return new WeightSpecs()
                .linear(DENSE, "head.dense", hidden, hidden, config.flag(false, "classifier_bias"))
                .layerNorm(NORM, "head.norm", hidden, normBias);
    }

    @Override
    public HeadSpec sequenceHead(int classes) {
        return new HeadSpec(
                dense().linear(CLASSIFIER, CLASSIFIER, classes, shape.hidden()).map(),
                headActivation(),
                0,
                tokenDropout());
    }

    @Override
    public MaskedLmHead maskedLmHead() {
        return new MaskedLmHead("head.dense", "head.norm", DECODER, DECODER, headActivation());
    }

    @Override
    public Map<String, WeightSpec> lmHead(HeadKind head) {
        return head == HeadKind.MASKED_LM
                ? new WeightSpecs()
                        .linear(
                                Architecture.LM_HEAD,
                                DECODER,
                                shape.vocabulary(),
                                shape.hidden(),
                                config.flag(true, "decoder_bias"))
                        .map()
                : Map.of();
    }

    @Override
    public double tokenDropout() {
        return config.rate(0, "classifier_dropout");
    }

    /** Returns PEFT's targets for GPT-2, whose projections are one linear too. PEFT has no targets for this family. */
    @Override
    public List<String> loraTargets() {
        return List.of("Wqkv");
    }

    @Override
    public LayerBytes layerBytes(LayerUse use, BatchShape batch) {
        long hidden = shape.hidden();
        long wide = shape.intermediate();
        long probabilities = shape.heads() * batch.length();
        boolean drops = shape.dropout().probs() > 0;
        long dropped = use.widestDroppedInput();
        // y; the sum between the halves; q, k, v; attended; both factors of the feed-forward part; means and deviations
        Tensors kept = Tensors.of(2, hidden, 4, use.narrowed(hidden), 2, wide, 4, 1);
        // The fused kernel's log-sum-exp, unless probabilities are computed again.
        kept = drops || use.bf16() ? kept : kept.and(1, shape.heads());
        // The normed input, its gradient and the output's; the activation, the product, their gradients and the
        // gradients of both factors, separate and joined.
        Tensors feedForward = Tensors.of(3, hidden, 6, wide, 2, dropped);
        // Gradients of the layer and of the sum, also after dropout; of attended by heads; of q, k and v by heads,
        // rotated, as rows, and joined. With a window, a block's neighbours are twice its own size.
        Tensors attention = Tensors.of(16 + (window() > 0 ? 4 : 0), hidden, 2, dropped);
        // One text's scores, probabilities, probabilities after dropout, and the gradients of the three.
        attention = drops ? attention.and(6, probabilities / batch.samples()) : attention;
        Tensors forward = Tensors.of(6, hidden, 2, wide, 1, use.widestAdapted(), 2, dropped);
        forward = drops ? forward.and(3, probabilities / batch.samples()) : forward;
        long masks = use.droppedInputs() + (drops ? probabilities + hidden : 0);
        return LayerBytes.of(batch, kept, List.of(feedForward, attention), forward, masks);
    }
}
