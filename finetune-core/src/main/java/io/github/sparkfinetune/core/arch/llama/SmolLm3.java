package io.github.sparkfinetune.core.arch.llama;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.LayerWindows;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Defaults;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;
import java.util.Set;

/**
 * SmolLM3, as {@code transformers/models/smollm3/modeling_smollm3.py} computes it: Llama of which some layers, every
 * fourth mostly, have no positions, and perhaps a sliding window.
 */
public final class SmolLm3 extends Llama {
    private static final Defaults DEFAULTS = new Defaults("hidden_act", "silu", 1e-6, true, 128_004);
    private static final double THETA = 2_000_000;
    private static final int INTERVAL = 4;

    private final HfConfig config;

    /** @param config with the keys of {@code SmolLM3Config} */
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
        boolean turned = isTurned(layer);
        int window = LayerWindows.width(config, 0);
        boolean slides = LayerWindows.slides(
                config, layer, some -> !turned && config.flag(false, "use_sliding_window") && window > 0);
        return new LayerAttention(slides ? window : 0, turned ? Optional.of(rotary(THETA)) : Optional.empty());
    }

    @Override
    public Optional<GgufNames> gguf() {
        for (int layer = 0; layer < shape().layers(); layer++) {
            LayerAttention attention = attention(layer);
            if (attention.window() > 0 || attention.rotary().isPresent() == ((layer + 1) % INTERVAL == 0)) {
                throw RunException.data(config.source() + ": layer " + layer
                        + " can't be written as GGUF: llama.cpp computes " + modelType()
                        + " without windows, and without positions in every fourth layer alone");
            }
        }
        return Optional.of(ggufNames("smollm3", Set.of("q_proj", "k_proj")));
    }

    /** Whether a layer has positions: 1 in {@code no_rope_layers}, in spite of the name. */
    private boolean isTurned(int layer) {
        Optional<JsonNode> listed = config.find("no_rope_layers");
        if (listed.isPresent()) {
            return listed.get().path(layer).asInt() != 0;
        }
        return (layer + 1) % config.sizeOr(INTERVAL, "no_rope_layer_interval") != 0;
    }
}
