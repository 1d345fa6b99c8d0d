package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.sft.RatedRecords;
import io.github.sparkfinetune.data.task.Recognition;
import io.github.sparkfinetune.data.task.SourceLook;
import java.util.List;
import java.util.Optional;

/** Recognises answers that are rated good or bad. */
public final class UnpairedPreferenceLook {
    private static final String LABEL = "label";

    private UnpairedPreferenceLook() {}

    /** Returns the columns found in a source. */
    public static Optional<Recognition> of(SourceLook look) {
        return look.columns().containsAll(List.of(RatedRecords.PROMPT, RatedRecords.COMPLETION, LABEL))
                ? Optional.of(new Recognition("answers in completion, good or bad by label"))
                : Optional.empty();
    }
}
