package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.data.hf.HfConfig;

/**
 * Mistral, as {@code transformers/models/mistral/modeling_mistral.py} computes it: Llama without biases, with a sliding
 * window.
 */
public final class Mistral extends Llama {
    private static final String WINDOW = "sliding_window";
    private static final int DEFAULT_WINDOW = 4096;

    /** @param config with the keys of {@code MistralConfig} */
    public Mistral(HfConfig config) {
        super(config, new LlamaParts(false, false, false, false, headWidth(config), window(config)));
    }

    /** Without the key transformers' default counts; null means no window. */
    private static int window(HfConfig config) {
        return config.has(WINDOW) ? config.integer(WINDOW).orElse(0) : DEFAULT_WINDOW;
    }

    @Override
    String classPrefix() {
        return "Mistral";
    }
}
