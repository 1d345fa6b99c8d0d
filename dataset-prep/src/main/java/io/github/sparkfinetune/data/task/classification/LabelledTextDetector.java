package io.github.sparkfinetune.data.task.classification;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;

/** Detects texts with labels. */
public final class LabelledTextDetector {
    private static final List<String> TEXTS = List.of(
            "text",
            "sentence",
            "sentence1",
            "question1",
            "premise",
            "text_a",
            "content",
            "body",
            "review",
            "message",
            "document",
            "title");
    private static final Map<String, String> PAIRS = Map.of(
            "text", "text_pair",
            "sentence1", "sentence2",
            "question1", "question2",
            "premise", "hypothesis",
            "text_a", "text_b");
    private static final List<String> LABELS = List.of(
            "label",
            "labels",
            "label_text",
            "category",
            "class",
            "target",
            "sentiment",
            "intent",
            "topic",
            "kind",
            "type",
            "score",
            "rating",
            "y");
    /** Most characters of a label, as a rule. */
    private static final int SHORT = 40;
    /** Least mean number of rows for each label, if only the values show that a column holds labels. */
    private static final int ROWS_OF_A_LABEL = 5;

    private LabelledTextDetector() {}

    /** Returns the columns found in a source. */
    public static Optional<TaskCandidate> of(SourcePreview preview) {
        if (preview.format().hasLabelFolders()) {
            return preview.labelFolders()
                    ? Optional.of(new TaskCandidate("texts in folders, whose names are the labels")
                            .with("data.format", "text_folders"))
                    : Optional.empty();
        }
        Optional<String> label = preview.column("data.label", LABELS, LabelledTextDetector::isLabel)
                .or(() -> fewValues(preview));
        return label.flatMap(column -> preview.textColumn("data.text", TEXTS, other -> !other.equals(column))
                .map(text -> of(preview, text, column)));
    }

    private static TaskCandidate of(SourcePreview preview, String text, String label) {
        String pair = PAIRS.entrySet().stream()
                .filter(names -> names.getKey().equalsIgnoreCase(text))
                .map(Map.Entry::getValue)
                .filter(preview.columns()::contains)
                .findFirst()
                .orElse(null);
        String texts = "texts in " + text + (pair == null ? "" : " and " + pair);
        if (preview.has(label, JsonNode::isArray)) {
            return columns(texts + ", several labels each in " + label, text, pair, label)
                    .with("classification.problem_type", "multi_label_classification");
        }
        boolean numbers = preview.values(label).anyMatch(JsonNode::isFloatingPointNumber)
                && preview.values(label).anyMatch(value -> value.asDouble() != Math.rint(value.asDouble()));
        if (numbers) {
            return columns(texts + ", a number each in " + label, text, pair, label)
                    .with("classification.problem_type", "regression");
        }
        return columns(texts + ", a label each in " + label, text, pair, label);
    }

    private static TaskCandidate columns(String evidence, String text, String pair, String label) {
        TaskCandidate found = new TaskCandidate(evidence).with("data.text", text);
        return (pair == null ? found : found.with("data.text_pair", pair)).with("data.label", label);
    }

    private static boolean isLabel(JsonNode value) {
        return value.isArray()
                ? StreamSupport.stream(value.spliterator(), false).allMatch(JsonNode::isTextual)
                : value.isValueNode() && value.asText().length() <= SHORT;
    }

    private static Optional<String> fewValues(SourcePreview preview) {
        return preview.columns().stream()
                .filter(column -> preview.has(column, value -> value.isTextual() && isLabel(value)))
                .filter(column -> {
                    long labels = preview.values(column)
                            .map(JsonNode::asText)
                            .distinct()
                            .count();
                    return labels > 1
                            && labels * ROWS_OF_A_LABEL
                                    <= preview.values(column).count();
                })
                .findFirst();
    }
}
