package io.github.sparkfinetune.data.dataset;

import java.util.Arrays;
import java.util.Locale;

/** Reason why a tokenized row is in no sample. */
public enum DropReason {
    /** The document is longer than {@code data.max_length}, and {@code data.overlong} is drop. */
    OVERLONG(1),
    /** No token has a label, or no token with a label is predicted from a token before it. */
    NO_LABELLED_TOKEN(2),
    /** Every token with a label lies beyond {@code data.max_length}. */
    LABELS_CUT_OFF(3),
    /**
     * The template has no generation blocks, and the assistant's first turn cannot be found because nothing precedes
     * it.
     */
    ASSISTANT_FIRST(4),
    /** The question leaves no more room for the context in {@code data.max_length} than {@code data.stride}. */
    OVERLONG_QUESTION(5),
    /** The context gives no token. */
    NO_CONTEXT_TOKEN(6),
    /** Nothing comes before the answers. */
    EMPTY_PROMPT(7),
    /** The row's group or time is held out, and only a teacher gives the row a label, so that nothing is measured. */
    HELD_OUT_WITHOUT_LABEL(8);

    private final int code;

    DropReason(int code) {
        this.code = code;
    }

    /** Returns the number that stands for the reason, above 0. */
    public int code() {
        return code;
    }

    /** Returns the reason of a {@link #code}. */
    public static DropReason of(int code) {
        return Arrays.stream(values())
                .filter(reason -> reason.code == code)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no reason has the code " + code));
    }

    /** Returns whether something is wrong with the row; the others are left out on purpose. */
    public boolean isUnusable() {
        return this != OVERLONG && this != HELD_OUT_WITHOUT_LABEL;
    }

    /** Returns the name of the reason in a manifest. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
