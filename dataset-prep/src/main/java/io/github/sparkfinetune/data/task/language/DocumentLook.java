package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.task.Recognition;
import io.github.sparkfinetune.data.task.SourceLook;
import java.util.List;
import java.util.Optional;

/** Recognises documents: texts without labels. */
public final class DocumentLook {
    private static final List<String> TEXTS = List.of("text", "content", "body", "document", "raw_content", "article");

    private DocumentLook() {}

    /** Returns the column found in a source. */
    public static Optional<Recognition> of(SourceLook look) {
        Optional<Recognition> found = look.isBareTexts()
                ? Optional.of(new Recognition("documents"))
                : look.textColumn("data.text", TEXTS, column -> true)
                        .map(text -> new Recognition("documents in " + text).with("data.text", text));
        return found.map(documents -> documents.with("data.packing", "wrapped"));
    }
}
