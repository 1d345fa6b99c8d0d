package io.github.sparkfinetune.data.task.question;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.Serializable;
import java.util.List;

/**
 * Data of a question that the tokens of its sample do not show, the sample's {@code row}
 * ({@link io.github.sparkfinetune.data.dataset.Window}). JSON fields have the names of the components.
 *
 * @param id id of the question in the source, or null
 * @param question cleaned question, without white space in front
 * @param context cleaned text that the answer is a part of
 * @param answers right answers, as they stand in the context; empty if the question has none, or none is known
 */
public record QuestionRow(String id, String question, String context, List<String> answers) implements Serializable {
    private static final ObjectMapper JSON = new ObjectMapper();

    public QuestionRow {
        answers = List.copyOf(answers);
    }

    /**
     * Parses the result of {@link #toJson}.
     *
     * @throws IllegalArgumentException for any other text
     */
    public static QuestionRow of(String json) {
        try {
            return JSON.readValue(json, QuestionRow.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the row of a sample is no question: " + e.getOriginalMessage(), e);
        }
    }

    /** Returns the data as a JSON object. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts can be written as JSON", e);
        }
    }
}
