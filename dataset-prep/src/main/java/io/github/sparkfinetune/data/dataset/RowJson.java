package io.github.sparkfinetune.data.dataset;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** Parser of rows that are JSON. */
public final class RowJson {
    private static final ObjectMapper JSON = JsonMapper.builder()
            // A control byte inside a text is removed from the text; the row stays.
            .enable(JsonReadFeature.ALLOW_UNESCAPED_CONTROL_CHARS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private RowJson() {}

    /**
     * Parses a row that is an object of its columns.
     *
     * @throws UnusableRowException with {@link UnusableRowException#MALFORMED} if the row is not an object
     */
    public static JsonNode object(String json) throws UnusableRowException {
        JsonNode row = parse(json, UnusableRowException.MALFORMED);
        if (!row.isObject()) {
            throw new UnusableRowException(UnusableRowException.MALFORMED);
        }
        return row;
    }

    /**
     * Parses any JSON value.
     *
     * @param otherwise reason given if the text is not JSON
     */
    public static JsonNode parse(String json, String otherwise) throws UnusableRowException {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new UnusableRowException(otherwise);
        }
    }
}
