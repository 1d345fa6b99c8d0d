package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import java.util.List;
import java.util.Optional;

/** Detects documents: texts without labels. */
public final class DocumentDetector {
    private static final List<String> TEXTS = List.of("text", "content", "body", "document", "raw_content", "article");

    private DocumentDetector() {}

    /** Returns the column found in a source. */
    public static Optional<TaskCandidate> of(SourcePreview preview) {
        Optional<TaskCandidate> found = preview.isBareTexts()
                ? Optional.of(new TaskCandidate("documents"))
                : preview.textColumn("data.text", TEXTS, column -> true)
                        .map(text -> new TaskCandidate("documents in " + text).with("data.text", text));
        return found.map(documents -> documents.with("data.packing", "wrapped"));
    }
}
