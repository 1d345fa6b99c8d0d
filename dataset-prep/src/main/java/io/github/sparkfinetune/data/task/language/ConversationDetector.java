package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.sft.SftColumns;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import java.util.Locale;
import java.util.Optional;

/** Detects conversations and instructions. */
public final class ConversationDetector {
    private ConversationDetector() {}

    /** Returns the columns found in a source. */
    public static Optional<TaskCandidate> of(SourcePreview preview) {
        return SftColumns.find(preview.columns())
                .map(kind -> new TaskCandidate(
                                "conversations, by their columns " + kind.name().toLowerCase(Locale.ROOT))
                        .with("data.packing", "bfd"));
    }
}
