package io.github.sparkfinetune.data.task.question;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import java.util.List;
import java.util.Optional;

/** Detects questions with a context and answers. */
public final class QuestionDetector {
    private static final String NO_ANSWERS = "question_answering.version_2_with_negative";

    private QuestionDetector() {}

    /** Returns the columns found in a source. */
    public static Optional<TaskCandidate> of(SourcePreview preview) {
        if (preview.format().isOfQuestions() || isSquad(preview)) {
            TaskCandidate squad = new TaskCandidate("SQuAD's articles with questions").with("data.format", "squad");
            boolean negative = preview.rows().stream()
                    .anyMatch(row -> row.findValues("is_impossible").stream().anyMatch(JsonNode::asBoolean));
            return Optional.of(negative ? squad.with(NO_ANSWERS, "true") : squad);
        }
        Optional<String> question =
                preview.column("question_answering.question", List.of("question", "query"), JsonNode::isTextual);
        Optional<String> context = preview.column(
                "question_answering.context", List.of("context", "passage", "paragraph"), JsonNode::isTextual);
        Optional<String> answers = preview.column(
                "question_answering.answers",
                List.of("answers", "answer"),
                value -> value.has("answer_start")
                        || (value.isArray() && (value.isEmpty() || value.path(0).has("answer_start")))
                        || (value.isTextual() && value.textValue().contains("answer_start")));
        if (question.isEmpty() || context.isEmpty() || answers.isEmpty()) {
            return Optional.empty();
        }
        TaskCandidate found = new TaskCandidate("questions in " + question.get() + ", answers in " + answers.get()
                        + " that stand in " + context.get())
                .with("question_answering.question", question.get())
                .with("question_answering.context", context.get())
                .with("question_answering.answers", answers.get());
        boolean negative = preview.values(answers.get())
                .anyMatch(value -> value.isArray()
                        ? value.isEmpty()
                        : value.path("text").isArray() && value.path("text").isEmpty());
        return Optional.of(negative ? found.with(NO_ANSWERS, "true") : found);
    }

    private static boolean isSquad(SourcePreview preview) {
        return preview.columns().contains("data")
                && preview.rows().stream()
                        .anyMatch(row -> row.path("data").path(0).has("paragraphs"));
    }
}
