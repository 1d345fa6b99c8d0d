package io.github.sparkfinetune.core.arch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;
import java.util.function.IntPredicate;

/** Which layers have a sliding window, and how wide it is. */
public final class LayerWindows {
    /** Type of the layers that see every token. */
    public static final String FULL = "full_attention";
    /** Type of the layers with a window. */
    public static final String SLIDING = "sliding_attention";

    private static final String TYPES = "layer_types";

    private LayerWindows() {}

    /**
     * Width of the window, 0 for none: {@code sliding_window}, which is none where it is null.
     *
     * @param otherwise the width where the key is not there
     */
    public static int width(HfConfig config, int otherwise) {
        return config.has("sliding_window") ? config.integer("sliding_window").orElse(0) : otherwise;
    }

    /**
     * Whether a layer has the window, as {@code layer_types} says.
     *
     * @param otherwise whether it has where there is no such key
     * @throws RunException where a type is neither full nor sliding attention, or layers have none
     */
    public static boolean slides(HfConfig config, int layer, IntPredicate otherwise) {
        Optional<JsonNode> types = config.find(TYPES);
        if (types.isEmpty()) {
            return otherwise.test(layer);
        }
        if (types.get().size() <= layer) {
            throw RunException.data(
                    config.source() + ": " + TYPES + " has " + types.get().size() + " entries, there are more layers");
        }
        String type = types.get().get(layer).asText();
        if (!type.equals(FULL) && !type.equals(SLIDING)) {
            throw RunException.data(config.source() + ": " + TYPES + " " + type + " is not supported for "
                    + config.modelType() + "; supported are " + FULL + ", " + SLIDING);
        }
        return type.equals(SLIDING);
    }
}
