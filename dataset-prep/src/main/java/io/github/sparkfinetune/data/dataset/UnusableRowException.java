package io.github.sparkfinetune.data.dataset;

/**
 * Signals a raw row that no sample can be made of. The row is counted under its reason in the manifest's
 * {@code bad_rows}.
 */
public final class UnusableRowException extends Exception {
    /** The record cannot be parsed. */
    public static final String MALFORMED = "malformed_record";
    /** There is no text. */
    public static final String NO_TEXT = "no_text";
    /** There is no label. */
    public static final String NO_LABEL = "no_label";
    /** A text has nothing but white space left. */
    public static final String EMPTY = "empty_text";
    /** A text is binary data. */
    public static final String BINARY = "binary_text";

    private static final long serialVersionUID = 1L;

    private final String reason;

    /** @param reason name of the reason in a manifest */
    public UnusableRowException(String reason) {
        // No stack trace, because there can be very many such rows.
        super(reason, null, false, false);
        this.reason = reason;
    }

    /** Returns the reason, as a manifest counts it. */
    public String reason() {
        return reason;
    }
}
