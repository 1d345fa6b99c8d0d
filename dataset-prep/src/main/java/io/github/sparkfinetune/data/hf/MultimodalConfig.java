package io.github.sparkfinetune.data.hf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/**
 * {@code config.json} of a multimodal model: the text part stands in an object of its own, {@code text_config}, what
 * counts for all parts beside it.
 *
 * @param file all of it
 */
record MultimodalConfig(ObjectNode file) {
    private static final String TEXT = "text_config";
    private static final String QUANTIZATION = "quantization_config";
    /** Keys that stand in the whole alone when it is written. */
    private static final List<String> OF_THE_WHOLE =
            List.of("architectures", "dtype", QUANTIZATION, "torch_dtype", "transformers_version");
    /** Keys of the whole that count for a text part without them. */
    private static final List<String> TOKENS = List.of("bos_token_id", "eos_token_id", "pad_token_id");

    /** A file with a text part, or nothing where it is a text model's. */
    static Optional<MultimodalConfig> of(ObjectNode file) {
        return file.path(TEXT).isObject() ? Optional.of(new MultimodalConfig(file)) : Optional.empty();
    }

    /** {@code model_type} of the whole. */
    String modelType() {
        return file.path("model_type").asText("");
    }

    /** The text part's keys, as a text model has them. */
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

    /** The file with another text part. */
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
