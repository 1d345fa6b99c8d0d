package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.arch.DecoderFactors;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.LayerAttention;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms.QueryKey;
import io.github.sparkfinetune.core.arch.rope.LayerWindows;
import io.github.sparkfinetune.core.arch.rope.RopeParameters;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The text model of Gemma 3, as {@code transformers/models/gemma3/modeling_gemma3.py} computes it: Gemma 2 without a
 * cap of the scores, with norms on the heads of queries and keys. Layers with a sliding window, usually five of six,
 * have another base of the angles.
 */
public final class Gemma3 extends Gemma2 {
    private static final int PATTERN = 6;
    private static final double THETA = 1_000_000;
    private static final double LOCAL_THETA = 10_000;
    private static final String THETA_KEY = "rope_theta";
    private static final String LOCAL_THETA_KEY = "rope_local_base_freq";

    /** Default sizes of transformers; published multimodal models leave them out. */
    private static final Map<String, Integer> ASSUMED = Map.of(
            "vocab_size", 262_208,
            "hidden_size", 2304,
            "intermediate_size", 9216,
            "num_hidden_layers", 26,
            "num_attention_heads", 8,
            "num_key_value_heads", 4,
            "max_position_embeddings", 131_072);

    private final HfConfig config;

    /** @param config configuration with the keys of {@code Gemma3TextConfig} */
    public Gemma3(HfConfig config) {
        super(config, QueryKey.HEAD);
        this.config = config;
    }

    /** Returns a configuration in which missing sizes are transformers' defaults. */
    public static HfConfig complete(HfConfig config) {
        HfConfig complete = config;
        for (Map.Entry<String, Integer> size : ASSUMED.entrySet()) {
            complete = complete.has(size.getKey()) ? complete : complete.with(size.getKey(), size.getValue());
        }
        return complete;
    }

    @Override
    String classPrefix() {
        return "Gemma3";
    }

    /** Returns no head that classifies tokens. */
    @Override
    public Set<HeadKind> heads() {
        Set<HeadKind> heads = EnumSet.copyOf(super.heads());
        heads.remove(HeadKind.TOKEN_CLASSIFICATION);
        return heads;
    }

    @Override
    String classifierPrefix() {
        return "Gemma3Text";
    }

    @Override
    String multimodalClass() {
        return "Gemma3ForConditionalGeneration";
    }

    @Override
    public void requireSupported() {
        super.requireSupported();
        if (cap(ATTENTION_CAP, 0) != 0) {
            throw RunException.data(config.source() + ": " + ATTENTION_CAP + " is not supported for " + modelType()
                    + ", because transformers ignores it: set it to null");
        }
    }

    @Override
    public LayerAttention attention(int layer) {
        int pattern = config.sizeOr(PATTERN, "sliding_window_pattern");
        boolean slides = LayerWindows.slides(config, layer, index -> (index + 1) % pattern != 0);
        int width = shape().headWidth();
        RotaryPositions rotary = slides
                ? RotaryPositions.of(config, LayerWindows.SLIDING, LOCAL_THETA_KEY, width, LOCAL_THETA)
                : RotaryPositions.of(config, LayerWindows.FULL, THETA_KEY, width, THETA);
        return new LayerAttention(slides ? window() : 0, Optional.of(rotary));
    }

    @Override
    public HfConfig written(HfConfig written) {
        HfConfig bases = RopeParameters.withOlderTheta(written, LayerWindows.FULL, THETA_KEY);
        return RopeParameters.withOlderScaling(
                RopeParameters.withOlderTheta(bases, LayerWindows.SLIDING, LOCAL_THETA_KEY), LayerWindows.FULL);
    }

    @Override
    public boolean isTableScaled() {
        return true;
    }

    @Override
    public DecoderFactors factors() {
        return factors(0, cap(LOGIT_CAP, 0));
    }
}
