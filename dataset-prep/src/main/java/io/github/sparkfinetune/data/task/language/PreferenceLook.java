package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.sft.PreferenceRecords;
import io.github.sparkfinetune.data.task.Recognition;
import io.github.sparkfinetune.data.task.SourceLook;
import java.util.List;
import java.util.Optional;

/** Recognises preferences: pairs of answers. */
public final class PreferenceLook {
    private PreferenceLook() {}

    /** Returns the columns found in a source. */
    public static Optional<Recognition> of(SourceLook look) {
        return look.columns().containsAll(List.of(PreferenceRecords.CHOSEN, PreferenceRecords.REJECTED))
                ? Optional.of(new Recognition("pairs of answers in chosen and rejected"))
                : Optional.empty();
    }
}
