package io.github.sparkfinetune.data.task.question;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the answers of a question. They are {@code {"text": […], "answer_start": […]}} as in the {@code datasets}
 * library, a list of {@code {"text": …, "answer_start": …}} as in SQuAD's files, or a text that holds either as JSON.
 * An answer without words means that there is no answer.
 */
final class GivenAnswers {
    /** Reason: the value has neither form, or the numbers of texts and places differ. */
    static final String BAD_ANSWERS = "bad_answers";
    /** Reason: an answer is not the text at its place. */
    static final String NOT_IN_CONTEXT = "answer_not_in_context";

    private static final ObjectMapper JSON = new ObjectMapper();

    private GivenAnswers() {}

    /**
     * An answer.
     *
     * @param start its start in the context, in UTF-16 units
     */
    record Answer(String text, int start) {}

    /** @param context context in which the places of the answers were counted */
    static List<Answer> read(JsonNode value, String context) throws UnusableRowException {
        JsonNode answers = value.isTextual() ? parsed(value.textValue()) : value;
        List<Answer> read = new ArrayList<>();
        if (answers.isArray()) {
            for (JsonNode answer : answers) {
                add(answer.path("text"), answer.path("answer_start"), context, read);
            }
            return read;
        }
        JsonNode texts = answers.path("text");
        JsonNode starts = answers.path("answer_start");
        if (!texts.isArray() || !starts.isArray() || texts.size() != starts.size()) {
            throw new UnusableRowException(BAD_ANSWERS);
        }
        for (int i = 0; i < texts.size(); i++) {
            add(texts.get(i), starts.get(i), context, read);
        }
        return read;
    }

    private static JsonNode parsed(String text) throws UnusableRowException {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new UnusableRowException(BAD_ANSWERS);
        }
    }

    private static void add(JsonNode text, JsonNode start, String context, List<Answer> read)
            throws UnusableRowException {
        if (!text.isTextual() || !start.canConvertToInt() || !start.isIntegralNumber()) {
            throw new UnusableRowException(BAD_ANSWERS);
        }
        if (text.textValue().isBlank()) {
            return;
        }
        int points = start.intValue();
        if (points < 0 || points > context.codePointCount(0, context.length())) {
            throw new UnusableRowException(NOT_IN_CONTEXT);
        }
        // Data sets count in code points, as Python does.
        int at = context.offsetByCodePoints(0, points);
        if (!context.startsWith(text.textValue(), at)) {
            throw new UnusableRowException(NOT_IN_CONTEXT);
        }
        read.add(new Answer(text.textValue(), at));
    }
}
