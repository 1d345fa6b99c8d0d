package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.DecoderFactors;
import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Granite 3, as {@code transformers/models/granite/modeling_granite.py} computes it: Llama with multipliers of the
 * embeddings, of the attention's scores and of the output of a layer's halves, and a divisor of the logits.
 */
public final class Granite extends Llama {
    private static final String LOGITS = "logits_scaling";

    private final HfConfig config;

    /** @param config configuration with the keys of {@code GraniteConfig} */
    public Granite(HfConfig config) {
        super(config, LlamaParts.of(biases(config), headWidth(config)));
        this.config = config;
    }

    @Override
    public Set<HeadKind> heads() {
        return Set.of(HeadKind.CAUSAL_LM, HeadKind.EMBEDDING);
    }

    @Override
    String classPrefix() {
        return "Granite";
    }

    @Override
    public DecoderFactors factors() {
        return new DecoderFactors(
                config.number(1, "embedding_multiplier"),
                config.number(1, "attention_multiplier"),
                config.number(1, "residual_multiplier"),
                1 / config.number(1, LOGITS),
                0,
                0,
                0);
    }

    @Override
    public void requireSupported() {
        super.requireSupported();
        if (config.number(1, LOGITS) == 0) {
            throw RunException.data(config.source() + ": " + LOGITS + " 0 is not supported: logits are divided by it");
        }
    }

    @Override
    public Optional<GgufNames> gguf() {
        if (shape().headWidth() != headWidth(config)) {
            throw RunException.data(config.source() + ": head_dim " + shape().headWidth()
                    + " cannot be written as GGUF: llama.cpp computes " + modelType() + " only with "
                    + headWidth(config));
        }
        DecoderFactors factors = factors();
        return Optional.of(ggufNames(
                "granite",
                Set.of("q_proj", "k_proj"),
                Map.of(
                        "embedding_scale", factors.embedding(),
                        "attention.scale", factors.attention(),
                        "residual_scale", factors.residual(),
                        "logit_scale", config.number(1, LOGITS))));
    }
}
