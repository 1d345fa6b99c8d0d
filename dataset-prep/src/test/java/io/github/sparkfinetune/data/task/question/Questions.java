package io.github.sparkfinetune.data.task.question;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.data.task.Rows;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Questions for tests. */
final class Questions {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Questions() {}

    /** Returns a task whose questions may have no answer. */
    static QuestionAnsweringData withNegative(String... data) {
        return QuestionAnsweringData.of(config("version_2_with_negative: true", data));
    }

    /** @param settings keys of the section question_answering */
    static RunConfig config(String settings, String... data) {
        return Rows.config(
                "question-answering",
                String.join("\n  ", data) + (data.length == 0 ? "shards: 8" : "") + "\nquestion_answering: {" + settings
                        + "}");
    }

    /** Returns a row with one answer, at its place in the context. */
    static String answered(String question, String context, String answer) {
        int at = context.indexOf(answer);
        return row(question, context, Map.of("text", List.of(answer), "answer_start", List.of(points(context, at))));
    }

    /** Returns a row as JSON, without null values. */
    static String row(String question, Object context, Object answers) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put("id", "q1");
        row.put("question", question);
        row.put("context", context);
        row.put("answers", answers);
        row.values().removeIf(value -> value == null);
        return json(row);
    }

    static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    /** Returns the number of code points before a UTF-16 place. */
    static int points(String text, int at) {
        return text.codePointCount(0, at);
    }
}
