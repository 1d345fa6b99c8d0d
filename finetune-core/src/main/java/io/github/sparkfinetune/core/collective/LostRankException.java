package io.github.sparkfinetune.core.collective;

/** A rank was lost: its connection ended or it gave no sign of life within the deadline. A retry may succeed. */
public final class LostRankException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int rank;

    /**
     * @param rank the rank that was lost, as far as this one knows
     * @param message one line that names it
     */
    public LostRankException(int rank, String message, Throwable cause) {
        super(message, cause);
        this.rank = rank;
    }

    /** The rank that was lost. */
    public int rank() {
        return rank;
    }
}
