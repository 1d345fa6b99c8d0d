package io.github.sparkfinetune.data.dataset;

import java.util.Arrays;
import java.util.Locale;

/** Why a row that was tokenized is in no sample. */
public enum DropReason {
    /** It is longer than {@code data.max_length}, and {@code data.overlong} is drop. */
    OVERLONG(1),
    /** No token has a label, or of a document none that is predicted from one before it. */
    NO_LABELLED_TOKEN(2),
    /** Every token with a label lies beyond {@code data.max_length}. */
    LABELS_CUT_OFF(3),
    /** Its template has no generation blocks, and nothing comes before the assistant's first turn to find it by. */
    ASSISTANT_FIRST(4),
    /** The question leaves no more room for its context in {@code data.max_length} than {@code data.stride}. */
    OVERLONG_QUESTION(5),
    /** The context gives no token. */
    NO_CONTEXT_TOKEN(6),
    /** Nothing comes before the answers. */
    EMPTY_PROMPT(7);

    private final int code;

    DropReason(int code) {
        this.code = code;
    }

    /** A number that stands for it, above 0. */
    public int code() {
        return code;
    }

    /** The reason of a {@link #code}. */
    public static DropReason of(int code) {
        return Arrays.stream(values())
                .filter(reason -> reason.code == code)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no reason has the code " + code));
    }

    /** Its name in a manifest. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
