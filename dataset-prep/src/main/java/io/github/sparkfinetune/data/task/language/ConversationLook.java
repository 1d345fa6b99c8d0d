package io.github.sparkfinetune.data.task.language;

import io.github.sparkfinetune.data.sft.SftColumns;
import io.github.sparkfinetune.data.task.Recognition;
import io.github.sparkfinetune.data.task.SourceLook;
import java.util.Locale;
import java.util.Optional;

/** Recognises conversations and instructions. */
public final class ConversationLook {
    private ConversationLook() {}

    /** Returns the columns found in a source. */
    public static Optional<Recognition> of(SourceLook look) {
        return SftColumns.find(look.columns())
                .map(kind -> new Recognition(
                                "conversations, by their columns " + kind.name().toLowerCase(Locale.ROOT))
                        .with("data.packing", "bfd"));
    }
}
