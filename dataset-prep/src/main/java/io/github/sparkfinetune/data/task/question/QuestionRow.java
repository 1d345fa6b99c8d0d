package io.github.sparkfinetune.data.task.question;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.util.List;

/**
 * What a sample's {@code row} holds of a question ({@link io.github.sparkfinetune.data.dataset.Window}): what its
 * tokens do not tell. In JSON the fields are called as here.
 *
 * @param id the question's in the source, or null
 * @param question cleaned, without white space in front
 * @param context the text that the answer is a part of, cleaned
 * @param answers the right ones, as they stand in the context; empty where the question has none, or none is known
 */
public record QuestionRow(String id, String question, String context, List<String> answers) implements Serializable {
    private static final ObjectMapper JSON = new ObjectMapper();

    public QuestionRow {
        answers = List.copyOf(answers);
    }

    /**
     * Reads what {@link #toJson} wrote.
     *
     * @throws IllegalArgumentException for anything else
     */
    public static QuestionRow of(String json) {
        try {
            return JSON.readValue(json, QuestionRow.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the row of a sample is no question: " + e.getOriginalMessage(), e);
        }
    }

    /** As a JSON object. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts can be written as JSON", e);
        }
    }
}
