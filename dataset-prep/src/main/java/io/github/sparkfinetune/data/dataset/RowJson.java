package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** Rows that are JSON. */
public final class RowJson {
    private static final ObjectMapper JSON = JsonMapper.builder()
            // Control bytes inside a text are removed from it, not the row.
            .enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private RowJson() {}

    /**
     * A row as an object of its columns.
     *
     * @throws UnusableRowException with {@link UnusableRowException#MALFORMED} if it is none
     */
    public static JsonNode object(String json) throws UnusableRowException {
        JsonNode row = parse(json, UnusableRowException.MALFORMED);
        if (!row.isObject()) {
            throw new UnusableRowException(UnusableRowException.MALFORMED);
        }
        return row;
    }

    /**
     * Any value.
     *
     * @param otherwise the reason where it is no JSON
     */
    public static JsonNode parse(String json, String otherwise) throws UnusableRowException {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new UnusableRowException(otherwise);
        }
    }
}
