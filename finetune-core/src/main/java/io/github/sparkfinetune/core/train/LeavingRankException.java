package io.github.sparkfinetune.core.train;

/** End of a rank that was asked to leave, after its work was saved. A retry continues without a lost step. */
public final class LeavingRankException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param step last step, which a checkpoint has */
    LeavingRankException(int rank, long step) {
        super("rank " + rank + " leaves after step " + step + ", which is saved");
    }
}
