package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.sft.RatedRecords;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import java.util.List;
import java.util.Optional;

/** Detects answers that are rated good or bad. */
public final class UnpairedPreferenceDetector {
    private static final String LABEL = "label";

    private UnpairedPreferenceDetector() {}

    /** Returns the columns found in a source. */
    public static Optional<TaskCandidate> of(SourcePreview preview) {
        return preview.columns().containsAll(List.of(RatedRecords.PROMPT, RatedRecords.COMPLETION, LABEL))
                ? Optional.of(new TaskCandidate("answers in completion, good or bad by label"))
                : Optional.empty();
    }
}
