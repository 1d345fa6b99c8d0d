package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Biases;
import io.github.sparkfinetune.core.arch.rope.LayerWindows;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/**
 * Mistral, as {@code transformers/models/mistral/modeling_mistral.py} computes it: Llama without biases, with a sliding
 * window.
 */
public final class Mistral extends Llama {
    /** Default of transformers if the key is missing. */
    private static final int DEFAULT_WINDOW = 4096;

    private final int window;

    /** @param config configuration with the keys of {@code MistralConfig} */
    public Mistral(HfConfig config) {
        super(config, LlamaParts.of(Biases.NONE, headWidth(config)));
        window = LayerWindows.width(config, DEFAULT_WINDOW);
    }

    @Override
    public LayerAttention attention(int layer) {
        return new LayerAttention(window, Optional.of(rotary()));
    }

    @Override
    String classPrefix() {
        return "Mistral";
    }

    @Override
    String multimodalClass() {
        return "Mistral3ForConditionalGeneration";
    }
}
