package io.github.sparkfinetune.data.task.retrieval;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.task.classification.GivenText;
import java.util.List;

/**
 * Cleaned texts of a held-out sample of task {@code reranking}, whose tokens do not show where the query ends. They are
 * the sample's {@code row} ({@link io.github.sparkfinetune.data.dataset.Window}), a JSON object with the fields
 * {@code query} and {@code documents}.
 *
 * @param query beginning of the query
 * @param documents beginning of each document
 */
public record RankedTexts(String query, List<String> documents) {
    private static final ObjectMapper JSON = new ObjectMapper();

    public RankedTexts {
        documents = List.copyOf(documents);
    }

    /**
     * Cuts the texts of a row, so that samples of long texts stay small.
     *
     * @param maxLength most tokens of a pair
     */
    static RankedTexts of(RelatedTexts row, int maxLength) {
        return new RankedTexts(
                GivenText.beginning(row.text(), maxLength),
                row.others().stream()
                        .map(other -> GivenText.beginning(other, maxLength))
                        .toList());
    }

    /**
     * Parses the result of {@link #toJson}.
     *
     * @throws IllegalArgumentException for any other text
     */
    public static RankedTexts of(String json) {
        try {
            return JSON.readValue(json, RankedTexts.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "the row of a sample is no query with documents: " + e.getOriginalMessage(), e);
        }
    }

    /** Returns the texts as a JSON object. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts can be written as JSON", e);
        }
    }
}
