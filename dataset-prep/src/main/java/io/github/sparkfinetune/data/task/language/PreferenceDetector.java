package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.sft.PreferenceRecords;
import io.github.sparkfinetune.data.task.SourcePreview;
import io.github.sparkfinetune.data.task.TaskCandidate;
import java.util.List;
import java.util.Optional;

/** Detects preferences: pairs of answers. */
public final class PreferenceDetector {
    private PreferenceDetector() {}

    /** Returns the columns found in a source. */
    public static Optional<TaskCandidate> of(SourcePreview preview) {
        return preview.columns().containsAll(List.of(PreferenceRecords.CHOSEN, PreferenceRecords.REJECTED))
                ? Optional.of(new TaskCandidate("pairs of answers in chosen and rejected"))
                : Optional.empty();
    }
}
