package io.github.sparkfinetune.data;

import java.util.Locale;

/** Why a document that was tokenized is in no sample. */
public enum DropReason {
    /** It is longer than {@code data.max_length}, and {@code data.overlong} is drop. */
    OVERLONG,
    /** No token has a label that is predicted from one before it. */
    NO_LABELLED_TOKEN,
    /** Every token with a label lies beyond {@code data.max_length}. */
    LABELS_CUT_OFF,
    /** Its template has no generation blocks, and nothing comes before the assistant's first turn to find it by. */
    ASSISTANT_FIRST;

    /** Its name in a manifest. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
