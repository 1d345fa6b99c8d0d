package io.github.sparkfinetune.data.task.token;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Detects words with tags, or texts with spans. */
public final class TaggedTextDetector {
    private static final List<String> WORDS = List.of("tokens", "words", "text");
    private static final List<String> TEXTS = List.of("text", "sentence", "content", "document");
    private static final List<String> TAGS = List.of("ner_tags", "tags", "labels", "label", "pos_tags", "entities");
    private static final List<String> SPANS = List.of("entities", "spans", "label", "labels", "annotations");

    private TaggedTextDetector() {}

    /** Returns the columns found in a source. */
    public static Optional<TaskCandidate> of(SourcePreview preview) {
        return words(preview).or(() -> spans(preview));
    }

    private static Optional<TaskCandidate> words(SourcePreview preview) {
        return preview.column("data.text", WORDS, value -> isListOf(value, JsonNode::isTextual))
                .flatMap(words -> preview.column("data.label", TAGS, value -> isListOf(value, JsonNode::isValueNode))
                        .filter(tags -> preview.rows().stream()
                                .allMatch(row ->
                                        row.path(words).size() == row.path(tags).size()))
                        .filter(tags -> !tags.equals(words))
                        .map(tags -> candidate("words in " + words + ", a tag each in " + tags, words, tags)));
    }

    private static Optional<TaskCandidate> spans(SourcePreview preview) {
        return preview.column("data.label", SPANS, value -> isListOf(value, TaggedTextDetector::isSpan))
                .filter(spans -> preview.values(spans).anyMatch(list -> !list.isEmpty()))
                .flatMap(spans -> preview.textColumn("data.text", TEXTS, text -> !text.equals(spans))
                        .map(text -> candidate("texts in " + text + ", spans of them in " + spans, text, spans)));
    }

    private static TaskCandidate candidate(String evidence, String text, String label) {
        return new TaskCandidate(evidence).with("data.text", text).with("data.label", label);
    }

    private static boolean isListOf(JsonNode value, Predicate<JsonNode> kind) {
        return value.isArray()
                && StreamSupport.stream(value.spliterator(), false).allMatch(kind);
    }

    private static boolean isSpan(JsonNode value) {
        JsonNode start = value.isArray() ? value.path(0) : value.path("start");
        JsonNode end = value.isArray() ? value.path(1) : value.path("end");
        JsonNode label = value.isArray() ? value.path(2) : value.path("label");
        return Stream.of(start, end).allMatch(JsonNode::isIntegralNumber) && label.isTextual();
    }
}
