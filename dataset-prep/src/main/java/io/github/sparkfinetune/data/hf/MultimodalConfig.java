package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * The {@code config.json} of a multimodal model. The keys of the text part are in the object {@code text_config}; keys
 * of all parts are beside it.
 *
 * @param file whole file
 */
record MultimodalConfig(ObjectNode file) {
    private static final String TEXT = "text_config";
    private static final String QUANTIZATION = "quantization_config";
    /** Keys that a written file has only outside {@code text_config}. */
    private static final List<String> OF_THE_WHOLE =
            List.of("architectures", "dtype", QUANTIZATION, "torch_dtype", "transformers_version");
    /** Keys outside {@code text_config} that a text part inherits if it lacks them. */
    private static final List<String> TOKENS = List.of("bos_token_id", "eos_token_id", "pad_token_id");

    /** Returns the file if it has a text part; empty for a text model. */
    static Optional<MultimodalConfig> of(ObjectNode file) {
        return file.path(TEXT).isObject() ? Optional.of(new MultimodalConfig(file)) : Optional.empty();
    }

    /** Returns {@code model_type} of the multimodal model. */
    String modelType() {
        return file.path("model_type").asText("");
    }

    /** Returns the text part's keys, as a text model has them. */
    ObjectNode text() {
        ObjectNode text = file.get(TEXT).deepCopy();
        copy(OF_THE_WHOLE, file, text);
        for (String key : TOKENS) {
            if (!text.hasNonNull(key) && file.hasNonNull(key)) {
                text.set(key, file.get(key));
            }
        }
        return text;
    }

    /** Returns the file with another text part. */
    ObjectNode with(ObjectNode text) {
        ObjectNode whole = file.deepCopy();
        whole.remove(QUANTIZATION);
        copy(OF_THE_WHOLE, text, whole);
        whole.set(TEXT, text.deepCopy().without(OF_THE_WHOLE));
        return whole;
    }

    private static void copy(List<String> keys, JsonNode from, ObjectNode to) {
        for (String key : keys) {
            if (from.hasNonNull(key)) {
                to.set(key, from.get(key));
            }
        }
    }
}
