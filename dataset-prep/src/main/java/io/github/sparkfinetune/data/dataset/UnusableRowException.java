package io.github.sparkfinetune.data.dataset;

/** A raw row that nothing can be made of: it is counted under its reason in the manifest's {@code bad_rows}. */
public final class UnusableRowException extends Exception {
    /** The record cannot be parsed. */
    public static final String MALFORMED = "malformed_record";
    /** There is no text. */
    public static final String NO_TEXT = "no_text";
    /** There is no label. */
    public static final String NO_LABEL = "no_label";
    /** Nothing but white space is left of a text. */
    public static final String EMPTY = "empty_text";
    /** A text is mostly bytes that belong to no text. */
    public static final String BINARY = "binary_text";

    private static final long serialVersionUID = 1L;

    private final String reason;

    /** @param reason its name in a manifest */
    public UnusableRowException(String reason) {
        // Rows are many: no stack trace.
        super(reason, null, false, false);
        this.reason = reason;
    }

    /** Why, as it is counted in a manifest. */
    public String reason() {
        return reason;
    }
}
