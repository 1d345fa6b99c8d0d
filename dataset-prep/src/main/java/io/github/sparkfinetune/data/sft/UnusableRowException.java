package io.github.sparkfinetune.data.sft;

/** A row that no example can be made of. */
public final class UnusableRowException extends Exception {
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
