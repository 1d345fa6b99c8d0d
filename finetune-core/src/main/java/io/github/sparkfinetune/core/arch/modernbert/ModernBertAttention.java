package io.github.sparkfinetune.core.arch.modernbert;

import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.rope.LayerWindows;
import io.github.sparkfinetune.core.arch.rope.RopeParameters;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Attention of each layer: to all tokens or to near tokens, and the base of its angles.
 *
 * @param config configuration with the keys of {@code ModernBertConfig}
 * @param shape sizes of the model
 */
record ModernBertAttention(HfConfig config, ModelShape shape) {
    /** Key of the number of near tokens. */
    static final String SPAN = "local_attention";

    private static final String GLOBAL_EVERY = "global_attn_every_n_layers";
    private static final String THETA = "global_rope_theta";
    private static final String LOCAL_THETA = "local_rope_theta";

    /** Returns the number of near tokens, on both sides together. */
    int span() {
        return config.sizeOr(128, SPAN);
    }

    /** Returns the tokens on each side that some layers attend to; 0 if all layers are global. */
    int window() {
        boolean some = IntStream.range(0, shape.layers()).anyMatch(this::slides);
        return some ? span() / 2 : 0;
    }

    /** Returns whether a layer attends to near tokens only. */
    private boolean slides(int layer) {
        int globalEvery = config.sizeOr(3, GLOBAL_EVERY);
        return LayerWindows.slides(config, layer, index -> index % globalEvery != 0);
    }

    /** Returns the constants by which a layer differs from other layers, by their names in the script. */
    Map<String, Float> constants(int layer) {
        return slides(layer) ? Map.of("window", (float) window()) : Map.of();
    }

    /** Returns the positions of a layer's queries and keys. */
    RotaryPositions rotary(int layer) {
        int width = shape.headWidth();
        if (!slides(layer)) {
            return RotaryPositions.of(config, LayerWindows.FULL, THETA, width, 160_000);
        }
        // A null base means the base of the global layers.
        double defaultTheta = config.has(LOCAL_THETA) ? config.number(160_000, THETA) : 10_000;
        return RotaryPositions.of(config, LayerWindows.SLIDING, LOCAL_THETA, width, defaultTheta);
    }

    /**
     * Returns the configuration with the keys of earlier versions. Before version 5, transformers only knows layers
     * that alternate by {@code global_attn_every_n_layers}.
     */
    HfConfig written(HfConfig written) {
        if (written.find("rope_parameters").isEmpty()
                && written.find("layer_types").isEmpty()) {
            return written;
        }
        HfConfig both = RopeParameters.withOlderTheta(
                RopeParameters.withOlderTheta(written, LayerWindows.FULL, THETA), LayerWindows.SLIDING, LOCAL_THETA);
        return IntStream.rangeClosed(1, shape.layers())
                .filter(every ->
                        IntStream.range(0, shape.layers()).allMatch(layer -> slides(layer) == (layer % every != 0)))
                .mapToObj(every -> both.with(GLOBAL_EVERY, every))
                .findFirst()
                .orElse(both);
    }
}
