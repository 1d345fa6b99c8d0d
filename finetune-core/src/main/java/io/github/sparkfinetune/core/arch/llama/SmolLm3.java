package io.github.sparkfinetune.core.arch.llama;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Defaults;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms;
import io.github.sparkfinetune.core.arch.rope.LayerWindows;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;
import java.util.Set;

/**
 * SmolLM3, as {@code transformers/models/smollm3/modeling_smollm3.py} computes it: Llama in which some layers, usually
 * every fourth, have no positions, and may have a sliding window.
 */
public final class SmolLm3 extends Llama {
    private static final Defaults DEFAULTS = new Defaults("hidden_act", "silu", 1e-6, true, 128_004);
    private static final double THETA = 2_000_000;
    private static final int INTERVAL = 4;

    private final HfConfig config;

    /** @param config configuration with the keys of {@code SmolLM3Config} */
    public SmolLm3(HfConfig config) {
        super(config, new LlamaParts(biases(config), Norms.BEFORE, false, headWidth(config), DEFAULTS));
        this.config = config;
    }

    @Override
    String classPrefix() {
        return "SmolLM3";
    }

    @Override
    public LayerAttention attention(int layer) {
        boolean rotated = isRotated(layer);
        int window = LayerWindows.width(config, 0);
        boolean slides = LayerWindows.slides(
                config, layer, index -> !rotated && config.flag(false, "use_sliding_window") && window > 0);
        return new LayerAttention(slides ? window : 0, rotated ? Optional.of(rotary(THETA)) : Optional.empty());
    }

    @Override
    public Optional<GgufNames> gguf() {
        for (int layer = 0; layer < shape().layers(); layer++) {
            LayerAttention attention = attention(layer);
            if (attention.window() > 0 || attention.rotary().isPresent() == ((layer + 1) % INTERVAL == 0)) {
                throw RunException.data(config.source() + ": layer " + layer
                        + " cannot be written as GGUF: llama.cpp computes " + modelType()
                        + " only without windows, and without positions only in every fourth layer");
            }
        }
        return Optional.of(ggufNames("smollm3", Set.of("q_proj", "k_proj")));
    }

    /** Returns whether a layer has positions. Despite its name, {@code no_rope_layers} has a 1 for such layers. */
    private boolean isRotated(int layer) {
        Optional<JsonNode> listed = config.find("no_rope_layers");
        if (listed.isPresent()) {
            return listed.get().path(layer).asInt() != 0;
        }
        return (layer + 1) % config.sizeOr(INTERVAL, "no_rope_layer_interval") != 0;
    }
}
