package io.github.sparkfinetune.data.task.question;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.data.task.Recognition;
import io.github.sparkfinetune.data.task.SourceLook;
import java.util.List;
import java.util.Optional;

/** Recognises questions with a context and answers. */
public final class QuestionLook {
    private static final String NO_ANSWERS = "question_answering.version_2_with_negative";

    private QuestionLook() {}

    /** Returns the columns found in a source. */
    public static Optional<Recognition> of(SourceLook look) {
        if (look.format() == DataFormat.SQUAD || isSquad(look)) {
            Recognition squad = new Recognition("SQuAD's articles with questions").with("data.format", "squad");
            boolean negative = look.rows().stream()
                    .anyMatch(row -> row.findValues("is_impossible").stream().anyMatch(JsonNode::asBoolean));
            return Optional.of(negative ? squad.with(NO_ANSWERS, "true") : squad);
        }
        Optional<String> question =
                look.column("question_answering.question", List.of("question", "query"), JsonNode::isTextual);
        Optional<String> context = look.column(
                "question_answering.context", List.of("context", "passage", "paragraph"), JsonNode::isTextual);
        Optional<String> answers = look.column(
                "question_answering.answers",
                List.of("answers", "answer"),
                value -> value.has("answer_start")
                        || (value.isArray() && (value.isEmpty() || value.path(0).has("answer_start")))
                        || (value.isTextual() && value.textValue().contains("answer_start")));
        if (question.isEmpty() || context.isEmpty() || answers.isEmpty()) {
            return Optional.empty();
        }
        Recognition found = new Recognition("questions in " + question.get() + ", answers in " + answers.get()
                        + " that stand in " + context.get())
                .with("question_answering.question", question.get())
                .with("question_answering.context", context.get())
                .with("question_answering.answers", answers.get());
        boolean negative = look.values(answers.get())
                .anyMatch(value -> value.isArray()
                        ? value.isEmpty()
                        : value.path("text").isArray() && value.path("text").isEmpty());
        return Optional.of(negative ? found.with(NO_ANSWERS, "true") : found);
    }

    private static boolean isSquad(SourceLook look) {
        return look.columns().contains("data")
                && look.rows().stream().anyMatch(row -> row.path("data").path(0).has("paragraphs"));
    }
}
