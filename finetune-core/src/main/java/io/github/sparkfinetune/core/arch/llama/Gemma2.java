package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.core.arch.DecoderFactors;
import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Biases;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Defaults;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms.QueryKey;
import io.github.sparkfinetune.core.arch.rope.LayerWindows;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/**
 * Gemma 2, as {@code transformers/models/gemma2/modeling_gemma2.py} computes it with eager attention: Llama with norms
 * before and after the halves of a layer. The norms' scales are stored minus 1. Embeddings are multiplied by the root
 * of their width. The attention's scores and the logits are capped. Every other layer has a sliding window.
 */
public class Gemma2 extends Llama {
    static final String ATTENTION_CAP = "attn_logit_softcapping";
    static final String LOGIT_CAP = "final_logit_softcapping";

    private static final Defaults DEFAULTS = new Defaults("hidden_activation", "gelu_pytorch_tanh", 1e-6, true, 0);
    private static final int HEAD_WIDTH = 256;
    private static final int WINDOW = 4096;

    private final HfConfig config;

    /** @param config configuration with the keys of {@code Gemma2Config} */
    public Gemma2(HfConfig config) {
        this(config, QueryKey.NONE);
    }

    /** Creates the architecture of Gemma 3. */
    Gemma2(HfConfig config, QueryKey queryKey) {
        super(
                config,
                new LlamaParts(
                        Biases.attention(config.flag(false, "attention_bias")),
                        new Norms(true, true, queryKey),
                        false,
                        HEAD_WIDTH,
                        DEFAULTS));
        this.config = config;
    }

    @Override
    String classPrefix() {
        return "Gemma2";
    }

    @Override
    public void requireSupported() {
        super.requireSupported();
        config.require("use_bidirectional_attention", false);
    }

    @Override
    public Optional<GgufNames> gguf() {
        return Optional.empty();
    }

    @Override
    public LayerAttention attention(int layer) {
        boolean slides = LayerWindows.slides(config, layer, index -> index % 2 == 0);
        return new LayerAttention(slides ? window() : 0, Optional.of(rotary()));
    }

    /** Returns the number of tokens that a token attends to in a layer with a window. */
    final int window() {
        return LayerWindows.width(config, WINDOW);
    }

    @Override
    public DecoderFactors factors() {
        return factors(cap(ATTENTION_CAP, 50), cap(LOGIT_CAP, 30));
    }

    final DecoderFactors factors(double attentionCap, double logitCap) {
        return new DecoderFactors(
                Math.sqrt(shape().hidden()),
                1 / Math.sqrt(config.number(HEAD_WIDTH, "query_pre_attn_scalar")),
                1,
                1,
                1,
                attentionCap,
                logitCap);
    }

    /** Returns a cap; null in the configuration means no cap. */
    final double cap(String key, double defaultValue) {
        return config.has(key) ? config.number(0, key) : defaultValue;
    }
}
