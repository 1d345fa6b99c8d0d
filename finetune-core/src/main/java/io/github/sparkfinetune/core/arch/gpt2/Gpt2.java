package io.github.sparkfinetune.core.arch.gpt2;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.ActivationNames;
import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.BlockSpec;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.LayerBytes;
import io.github.sparkfinetune.core.arch.LayerBytes.Tensors;
import io.github.sparkfinetune.core.arch.LayerUse;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.WeightSpecs;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * GPT-2, as {@code transformers/models/gpt2/modeling_gpt2.py} computes it: embedded positions, and a layer norm before
 * each half of a layer. Linears are stored as [in, out]; one linear computes queries, keys and values.
 */
public final class Gpt2 implements DecoderArchitecture {
    private static final String PREFIX = "transformer.";
    /** Two names of one function. */
    private static final Set<String> TANH_GELU = Set.of("gelu_new", "gelu_pytorch_tanh");

    private final HfConfig config;
    private final ModelShape shape;

    /** @param config configuration with the keys of {@code GPT2Config} */
    public Gpt2(HfConfig config) {
        this.config = config;
        int hidden = config.size("n_embd");
        int heads = config.divisor("n_head", "n_embd");
        double residual = config.number(0.1, "resid_pdrop");
        shape = new ModelShape(
                config.layers("n_layer"),
                ModelShape.Widths.ofEqualHeads(hidden, hidden, heads, config.sizeOr(4 * hidden, "n_inner")),
                ModelShape.Tables.ofTokens(config.vocabSize(), config.size("n_positions"), -1),
                config.number(1e-5, "layer_norm_epsilon"),
                config.text("activation_function").orElse("gelu_new"),
                new ModelShape.DropoutRates(
                        config.number(0.1, "embd_pdrop"), residual, residual, config.number(0.1, "attn_pdrop")),
                config.number(0.02, "initializer_range"));
    }

    @Override
    public boolean isTied() {
        return config.flag(true, "tie_word_embeddings");
    }

    @Override
    public String modelType() {
        return config.modelType();
    }

    @Override
    public String className(HeadKind head) {
        return head == HeadKind.CAUSAL_LM ? "GPT2LMHeadModel" : "GPT2" + head.suffix();
    }

    @Override
    public ModelShape shape() {
        return shape;
    }

    @Override
    public void requireSupported() {
        config.require("scale_attn_weights", true);
        config.require("scale_attn_by_inverse_layer_idx", false);
        config.require("add_cross_attention", false);
        ActivationNames.require(config, "activation_function", shape.activation());
    }

    @Override
    public String script() {
        return "core.arch.gpt2.gpt2";
    }

    @Override
    public String prefix() {
        return PREFIX;
    }

    @Override
    public WeightSpec table() {
        return new WeightSpec(PREFIX + "wte.weight", WeightSpec.Kind.EMBEDDING, shape.vocabulary(), shape.hidden());
    }

    @Override
    public Map<String, WeightSpec> embeddings() {
        return new WeightSpecs()
                .embedding("position", PREFIX + "wpe", shape.tables().positions(), shape.hidden())
                .map();
    }

    @Override
    public BlockSpec layer(int layer) {
        String at = PREFIX + "h." + layer + ".";
        int hidden = shape.hidden();
        int wide = shape.intermediate();
        return new BlockSpec(
                BlockKind.LAYER,
                layer,
                new WeightSpecs()
                        .layerNorm("ln_1", at + "ln_1", hidden)
                        .conv1d("attn.c_attn", at + "attn.c_attn", hidden, 3 * hidden)
                        .conv1d("attn.c_proj", at + "attn.c_proj", hidden, hidden)
                        .layerNorm("ln_2", at + "ln_2", hidden)
                        .conv1d("mlp.c_fc", at + "mlp.c_fc", hidden, wide)
                        .conv1d("mlp.c_proj", at + "mlp.c_proj", wide, hidden)
                        .map());
    }

    @Override
    public Map<String, WeightSpec> lastNorm() {
        return new WeightSpecs()
                .layerNorm("ln_f", PREFIX + "ln_f", shape.hidden())
                .map();
    }

    @Override
    public String classifier(HeadKind head) {
        return head == HeadKind.TOKEN_CLASSIFICATION ? "classifier" : DecoderArchitecture.super.classifier(head);
    }

    @Override
    public double tokenDropout() {
        return DecoderArchitecture.tokenDropout(config);
    }

    @Override
    public LayerAttention attention(int layer) {
        return new LayerAttention(0, Optional.empty());
    }

    @Override
    public boolean isRecorded() {
        return true;
    }

    @Override
    public LayerBytes layerBytes(LayerUse use, BatchShape batch) {
        long hidden = shape.hidden();
        long wide = shape.intermediate();
        long probabilities = shape.heads() * batch.length();
        boolean drops = shape.dropout().probs() > 0;
        // y, h; q, k, v; the attention's output; the feed-forward part before its activation
        Tensors kept = Tensors.of(6, hidden, 1, wide);
        for (String linear : List.of("attn.c_attn", "attn.c_proj", "mlp.c_fc")) {
            kept = use.reads(linear) ? kept.and(1, hidden) : kept;
        }
        kept = use.reads("mlp.c_proj") ? kept.and(1, wide) : kept;
        // The probabilities before and after dropout; the scaled q and the scaled v.
        kept = drops ? kept.and(2, probabilities).and(2, hidden) : kept.and(1, shape.heads());
        Tensors feedForward = Tensors.of(1, hidden, 3, wide);
        Tensors attention = drops ? Tensors.of(4, hidden, 3, probabilities) : Tensors.of(9, hidden);
        Tensors forward = Tensors.of(3, hidden, 1, wide, 1, use.widestAdapted());
        long masks =
                use.droppedInputs() + (shape.dropout().hidden() > 0 ? 2 * hidden : 0) + (drops ? probabilities : 0);
        return LayerBytes.of(batch, kept, List.of(feedForward, attention), forward, masks);
    }

    @Override
    public List<String> loraTargets() {
        return List.of("c_attn");
    }

    @Override
    public boolean isConv1d() {
        return true;
    }

    @Override
    public Optional<GgufNames> gguf() {
        if (!TANH_GELU.contains(shape.activation())) {
            throw RunException.data(config.source() + ": activation_function " + shape.activation()
                    + " cannot be written as GGUF: llama.cpp computes " + modelType() + " only with gelu_new");
        }
        return Optional.of(new GgufNames(
                "gpt2",
                "attention.layer_norm_epsilon",
                Map.of(
                        "position", "position_embd",
                        "ln_1", "attn_norm",
                        "attn.c_attn", "attn_qkv",
                        "attn.c_proj", "attn_output",
                        "ln_2", "ffn_norm",
                        "mlp.c_fc", "ffn_up",
                        "mlp.c_proj", "ffn_down",
                        "ln_f", "output_norm"),
                Set.of(),
                Map.of()));
    }
}
