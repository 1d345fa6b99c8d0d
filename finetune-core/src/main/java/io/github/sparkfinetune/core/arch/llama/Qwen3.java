package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Biases;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Defaults;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms.QueryKey;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;
import java.util.Set;

/**
 * Qwen 3, as {@code transformers/models/qwen3/modeling_qwen3.py} computes it: Llama with an RMS norm on each head of
 * queries and keys.
 */
public final class Qwen3 extends Llama {
    private static final int HEAD_WIDTH = 128;
    private static final String BIAS = "attention_bias";

    private final HfConfig config;

    /** @param config configuration with the keys of {@code Qwen3Config} */
    public Qwen3(HfConfig config) {
        super(config, parts(config));
        this.config = config;
    }

    private static LlamaParts parts(HfConfig config) {
        return new LlamaParts(
                Biases.attention(config.flag(false, BIAS)),
                new Norms(true, false, QueryKey.HEAD),
                false,
                HEAD_WIDTH,
                Defaults.LLAMA);
    }

    @Override
    String classPrefix() {
        return "Qwen3";
    }

    @Override
    public void requireSupported() {
        super.requireSupported();
        QwenWindow.refuse(config);
    }

    @Override
    public Optional<GgufNames> gguf() {
        if (config.flag(false, BIAS)) {
            throw RunException.data(config.source() + ": " + BIAS
                    + " true cannot be written as GGUF: llama.cpp computes " + modelType() + " without biases");
        }
        return Optional.of(ggufNames("qwen3", Set.of()));
    }
}
