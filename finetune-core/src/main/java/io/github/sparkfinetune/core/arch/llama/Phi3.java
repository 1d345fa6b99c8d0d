package io.github.sparkfinetune.core.arch.llama;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.GgufNames;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Biases;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Defaults;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms;
import io.github.sparkfinetune.core.arch.rope.LayerWindows;
import io.github.sparkfinetune.core.arch.rope.RopeScaling;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Phi-3 and Phi-4-mini, as {@code transformers/models/phi3/modeling_phi3.py} computes them: Llama with one linear for
 * queries, keys and values, and one for the two factors of the feed-forward part. Only a part of a head may be rotated,
 * and all layers may have a sliding window.
 */
public final class Phi3 extends Llama {
    private static final Defaults DEFAULTS = new Defaults("hidden_act", "silu", 1e-5, false, 32_000);
    private static final String SCALING = "rope_scaling";
    private static final String TYPE = "type";
    private static final String LONGROPE = "longrope";
    /** Former names of {@code longrope}. */
    private static final Set<String> LONG = Set.of("su", "yarn");

    private final HfConfig config;

    /** @param config configuration with the keys of {@code Phi3Config} */
    public Phi3(HfConfig config) {
        this(renamed(config), headWidth(config));
    }

    private Phi3(HfConfig config, int headWidth) {
        super(config, new LlamaParts(Biases.NONE, Norms.BEFORE, true, headWidth, DEFAULTS));
        this.config = config;
    }

    private static HfConfig renamed(HfConfig config) {
        return config.find(SCALING)
                .filter(scaling -> LONG.contains(scaling.path(TYPE).asText()))
                .map(scaling ->
                        config.with(SCALING, ((ObjectNode) scaling).deepCopy().put(TYPE, LONGROPE)))
                .orElse(config);
    }

    @Override
    String classPrefix() {
        return "Phi3";
    }

    @Override
    public void requireSupported() {
        super.requireSupported();
        if (config.number(0, "resid_pdrop") != 0) {
            throw RunException.data(config.source() + ": resid_pdrop is not supported for " + modelType()
                    + ": set it to 0; method.lora_dropout drops the adapters' inputs");
        }
    }

    @Override
    public Optional<GgufNames> gguf() {
        return Optional.empty();
    }

    @Override
    public LayerAttention attention(int layer) {
        RotaryPositions rotary = RotaryPositions.ofPart(config, shape().headWidth());
        return new LayerAttention(LayerWindows.width(config, 0), Optional.of(rotary));
    }

    /**
     * Returns the configuration with the keys of earlier versions. Before version 5, transformers accepts only a
     * {@code rope_scaling} with three keys, and cannot compute other scalings.
     */
    @Override
    public HfConfig written(HfConfig written) {
        HfConfig both = super.written(written);
        JsonNode scaling = both.find(SCALING).orElse(null);
        if (scaling == null || written.find(SCALING).isPresent()) {
            return both;
        }
        ObjectNode three = ((ObjectNode) scaling.deepCopy()).without(List.of("rope_type", TYPE, RopeScaling.ORIGINAL));
        boolean fits = three.size() == 2 && three.has("short_factor") && three.has("long_factor");
        return both.with(SCALING, fits ? three.put(TYPE, LONGROPE) : null);
    }

    @Override
    public List<String> loraTargets() {
        return List.of("qkv_proj");
    }
}
