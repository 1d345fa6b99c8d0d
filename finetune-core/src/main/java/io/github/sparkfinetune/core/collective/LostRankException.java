package io.github.sparkfinetune.core.collective;

/** Loss of a rank: its connection ended, or it gave no sign of life within the deadline. A retry may succeed. */
public final class LostRankException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int rank;

    /**
     * Reports the loss of a rank.
     *
     * @param rank the lost rank, as far as this rank knows
     * @param message one line that names the lost rank
     */
    public LostRankException(int rank, String message, Throwable cause) {
        super(message, cause);
        this.rank = rank;
    }

    /** Returns the lost rank. */
    public int rank() {
        return rank;
    }
}
