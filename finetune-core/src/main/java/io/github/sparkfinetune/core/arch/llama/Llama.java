package io.github.sparkfinetune.core.arch.llama;

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
import io.github.sparkfinetune.core.arch.LayerUse;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Biases;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Defaults;
import io.github.sparkfinetune.core.arch.rope.RopeParameters;
import io.github.sparkfinetune.core.arch.rope.RopeScaling;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Llama, as {@code transformers/models/llama/modeling_llama.py} computes it: rotary positions, grouped keys and values,
 * an RMS norm before each half of a layer, and a gated feed-forward part down(act(gate(x)) · up(x)).
 */
public class Llama implements DecoderArchitecture {
    private static final String PREFIX = "model.";
    /** Prefix in a multimodal model of transformers. */
    private static final String PART_PREFIX = "model.language_model.";

    private static final String LM_HEAD = "lm_head";

    private final HfConfig config;
    private final LlamaParts parts;
    private final ModelShape shape;
    private final boolean isTied;
    private final boolean isPart;

    /** @param config configuration with the keys of {@code LlamaConfig} */
    public Llama(HfConfig config) {
        this(config, parts(config));
    }

    private static LlamaParts parts(HfConfig config) {
        return LlamaParts.of(biases(config), headWidth(config));
    }

    /** Returns the biases of {@code attention_bias} and {@code mlp_bias}. */
    static Biases biases(HfConfig config) {
        boolean attention = config.flag(false, "attention_bias");
        return new Biases(attention, attention, config.flag(false, "mlp_bias"));
    }

    /** Creates the architecture of a family that differs in some parts. */
    Llama(HfConfig config, LlamaParts parts) {
        this.config = config;
        this.parts = parts;
        isPart = config.multimodalType().isPresent();
        Defaults defaults = parts.defaults();
        int heads = config.size("num_attention_heads");
        int keyValueHeads = config.sizeOr(heads, "num_key_value_heads");
        if (heads % keyValueHeads != 0) {
            throw RunException.data(config.source() + ": num_key_value_heads " + keyValueHeads
                    + " does not divide num_attention_heads " + heads);
        }
        int headWidth = config.sizeOr(parts.headWidth(), "head_dim");
        if (headWidth < 1) {
            throw RunException.data(config.source() + ": num_attention_heads " + heads + " is more than hidden_size");
        }
        shape = new ModelShape(
                config.layers("num_hidden_layers"),
                new ModelShape.Widths(
                        config.size("hidden_size"),
                        config.size("hidden_size"),
                        heads,
                        keyValueHeads,
                        headWidth,
                        config.size("intermediate_size")),
                ModelShape.Tables.ofTokens(
                        config.vocabSize(),
                        RopeScaling.positions(config),
                        config.padTokenId().orElse(config.has("pad_token_id") ? -1 : defaults.paddingId())),
                config.number(defaults.epsilon(), "rms_norm_eps"),
                config.text(defaults.activationKey()).orElse(defaults.activation()),
                ModelShape.DropoutRates.NONE,
                config.number(0.02, "initializer_range"));
        isTied = config.flag(defaults.tied(), "tie_word_embeddings");
    }

    @Override
    public boolean isTied() {
        return isTied;
    }

    /** Returns the width of a head if all heads together are as wide as a hidden state. */
    static int headWidth(HfConfig config) {
        return config.size("hidden_size") / config.size("num_attention_heads");
    }

    @Override
    public String modelType() {
        return config.modelType();
    }

    /** Returns the prefix of Hugging Face's class names. */
    String classPrefix() {
        return "Llama";
    }

    /** Returns the prefix of the names of Hugging Face's classes that classify. */
    String classifierPrefix() {
        return classPrefix();
    }

    /** Returns the class of the multimodal model if this model is its text part. */
    @Override
    public final String className(HeadKind head) {
        String prefix = head == HeadKind.CAUSAL_LM ? classPrefix() : classifierPrefix();
        return isPart ? multimodalClass() : prefix + head.suffix();
    }

    /** Returns Hugging Face's class of a multimodal model with this model as its text part. */
    String multimodalClass() {
        throw new IllegalStateException(modelType() + " is no part of " + config.multimodalType());
    }

    @Override
    public ModelShape shape() {
        return shape;
    }

    @Override
    public void requireSupported() {
        ActivationNames.require(config, parts.defaults().activationKey(), shape.activation());
        if (config.number(0, "attention_dropout") != 0) {
            throw RunException.data(config.source() + ": attention_dropout is not supported for " + modelType()
                    + ": set it to 0; method.lora_dropout drops the adapters' inputs");
        }
        attentions();
    }

    @Override
    public String script() {
        return "core.arch.llama.llama";
    }

    @Override
    public String prefix() {
        return isPart ? PART_PREFIX : PREFIX;
    }

    @Override
    public Optional<String> writtenName(String weight) {
        if (!isPart || weight.startsWith(LM_HEAD + ".")) {
            return Optional.of(weight);
        }
        return weight.startsWith(PART_PREFIX)
                ? Optional.of(PREFIX + weight.substring(PART_PREFIX.length()))
                : Optional.empty();
    }

    @Override
    public Optional<String> otherModules() {
        return isPart ? Optional.of(".*(vision_tower|multi_modal_projector).*") : Optional.empty();
    }

    @Override
    public HfConfig written(HfConfig written) {
        return RopeParameters.withOlderKeys(written);
    }

    @Override
    public WeightSpec table() {
        return weights().table();
    }

    @Override
    public Map<String, WeightSpec> embeddings() {
        return Map.of();
    }

    @Override
    public BlockSpec layer(int layer) {
        return new BlockSpec(BlockKind.LAYER, layer, weights().layer(layer));
    }

    @Override
    public Map<String, WeightSpec> lastNorm() {
        return weights().lastNorm();
    }

    /** Returns only the language model's head for the text part of a multimodal model. */
    @Override
    public Set<HeadKind> heads() {
        return isPart ? Set.of(HeadKind.CAUSAL_LM) : DecoderArchitecture.super.heads();
    }

    @Override
    public double tokenDropout() {
        return DecoderArchitecture.tokenDropout(config);
    }

    @Override
    public Map<String, List<String>> joins() {
        return parts.fused()
                ? Map.of()
                : Map.of(
                        "qkv_proj", List.of("q_proj", "k_proj", "v_proj"),
                        "gate_up_proj", List.of("gate_proj", "up_proj"));
    }

    private LlamaWeights weights() {
        return new LlamaWeights(prefix(), shape, parts);
    }

    @Override
    public LayerAttention attention(int layer) {
        return new LayerAttention(0, Optional.of(rotary()));
    }

    /**
     * Returns the positions of queries and keys.
     *
     * @throws RunException if their scaling is not supported
     */
    final RotaryPositions rotary() {
        return RotaryPositions.of(config, shape.headWidth());
    }

    /** @param theta base if the configuration has none */
    final RotaryPositions rotary(double theta) {
        return RotaryPositions.of(config, shape.headWidth(), theta);
    }

    @Override
    public LayerBytes layerBytes(LayerUse use, BatchShape batch) {
        return new LlamaMemory(shape, parts, factors()).layerBytes(use, batch);
    }

    @Override
    public List<String> loraTargets() {
        return List.of("q_proj", "v_proj");
    }

    /** Returns Llama's names. A family that llama.cpp computes in another way overrides them. */
    @Override
    public Optional<GgufNames> gguf() {
        return Optional.of(ggufNames("llama", Set.of("q_proj", "k_proj")));
    }

    /** Returns the names in GGUF without further keys. */
    final GgufNames ggufNames(String architecture, Set<String> paired) {
        return ggufNames(architecture, paired, Map.of());
    }

    /**
     * Returns the names in GGUF.
     *
     * @param architecture llama.cpp's name of the family
     * @param paired linears whose rows llama.cpp stores in the order of pairs
     * @param numbers further keys of the family
     * @throws RunException if the activation is not llama.cpp's
     */
    final GgufNames ggufNames(String architecture, Set<String> paired, Map<String, Double> numbers) {
        String activation = parts.defaults().activation();
        if (!shape.activation().equals(activation)) {
            throw RunException.data(config.source() + ": " + parts.defaults().activationKey() + " " + shape.activation()
                    + " cannot be written as GGUF: llama.cpp computes " + modelType() + " only with " + activation);
        }
        return new GgufNames(
                architecture,
                "attention.layer_norm_rms_epsilon",
                Map.ofEntries(
                        Map.entry("q_proj", "attn_q"),
                        Map.entry("k_proj", "attn_k"),
                        Map.entry("v_proj", "attn_v"),
                        Map.entry("o_proj", "attn_output"),
                        Map.entry("q_norm", "attn_q_norm"),
                        Map.entry("k_norm", "attn_k_norm"),
                        Map.entry("gate_proj", "ffn_gate"),
                        Map.entry("up_proj", "ffn_up"),
                        Map.entry("down_proj", "ffn_down"),
                        Map.entry("input_layernorm", "attn_norm"),
                        Map.entry("post_attention_layernorm", "post_attention_norm"),
                        Map.entry("pre_feedforward_layernorm", "ffn_norm"),
                        Map.entry("post_feedforward_layernorm", "post_ffw_norm"),
                        Map.entry("norm", "output_norm")),
                paired,
                numbers);
    }
}
