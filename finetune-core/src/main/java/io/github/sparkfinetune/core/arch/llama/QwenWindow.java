package io.github.sparkfinetune.core.arch.llama;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.Optional;

/** Qwen's sliding window in some of the layers, which is not supported. */
final class QwenWindow {
    private static final String LAYER_TYPES = "layer_types";
    private static final String FULL = "full_attention";
    private static final String WINDOW = "sliding_window";
    private static final int DEFAULT_MAX_WINDOW_LAYERS = 28;

    private QwenWindow() {}

    /**
     * Refuses a model in which a layer has a window: a layer that {@code layer_types} marks, or without that key a
     * layer from {@code max_window_layers} on.
     */
    static void refuse(HfConfig config) {
        Optional<JsonNode> types = config.find(LAYER_TYPES);
        if (types.isPresent()) {
            for (JsonNode type : types.get()) {
                if (!type.asText().equals(FULL)) {
                    throw RunException.data(config.source() + ": " + LAYER_TYPES + " " + type.asText()
                            + " is not supported for " + config.modelType() + "; only " + FULL + " is");
                }
            }
            return;
        }
        boolean hasWindow = !config.has(WINDOW) || config.find(WINDOW).isPresent();
        int first = config.integer("max_window_layers").orElse(DEFAULT_MAX_WINDOW_LAYERS);
        if (config.flag(false, "use_sliding_window") && hasWindow && first < config.size("num_hidden_layers")) {
            throw RunException.data(config.source() + ": use_sliding_window is not supported for " + config.modelType()
                    + ": set it to false; texts up to sliding_window give the same result");
        }
    }
}
