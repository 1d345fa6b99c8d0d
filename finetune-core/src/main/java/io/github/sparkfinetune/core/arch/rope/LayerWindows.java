package io.github.sparkfinetune.core.arch.rope;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;
import java.util.function.IntPredicate;

/** Sliding windows of a model's layers. */
public final class LayerWindows {
    /** Type of the layers that attend to every token. */
    public static final String FULL = "full_attention";
    /** Type of the layers with a window. */
    public static final String SLIDING = "sliding_attention";

    private static final String TYPES = "layer_types";

    private LayerWindows() {}

    /**
     * Returns the width of the window from {@code sliding_window}; 0, meaning no window, if the key is null.
     *
     * @param defaultValue width if the key is missing
     */
    public static int width(HfConfig config, int defaultValue) {
        return config.has("sliding_window") ? config.integer("sliding_window").orElse(0) : defaultValue;
    }

    /**
     * Returns whether a layer has the window, by {@code layer_types}.
     *
     * @param defaultValue whether a layer has the window if the key is missing
     * @throws RunException if a type is neither full nor sliding attention, or layers lack a type
     */
    public static boolean slides(HfConfig config, int layer, IntPredicate defaultValue) {
        Optional<JsonNode> types = config.find(TYPES);
        if (types.isEmpty()) {
            return defaultValue.test(layer);
        }
        if (types.get().size() <= layer) {
            throw RunException.data(config.source() + ": " + TYPES + " has "
                    + types.get().size() + " entries, but the model has more layers");
        }
        String type = types.get().get(layer).asText();
        if (!type.equals(FULL) && !type.equals(SLIDING)) {
            throw RunException.data(config.source() + ": " + TYPES + " " + type + " is not supported for "
                    + config.modelType() + "; supported are " + FULL + ", " + SLIDING);
        }
        return type.equals(SLIDING);
    }
}
