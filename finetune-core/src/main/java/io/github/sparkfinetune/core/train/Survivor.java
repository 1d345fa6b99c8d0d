package io.github.sparkfinetune.core.train;

import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.collective.LostRankException;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;

/**
 * Choice of the rank that saves the last step when the ranks end because one of them is lost, or because the training
 * is cancelled. Ranks that share nothing all have the whole state: rank 0 saves it, or rank 1 if rank 0 is lost.
 */
final class Survivor {
    private Survivor() {}

    /** Returns whether a rank saves the last step, by the error that ends it. */
    static boolean saves(Throwable error, Collective collective) {
        OptionalInt lost = lost(error, collective);
        boolean ends = lost.isPresent() || error instanceof CancellationException;
        return ends && collective.rank() == (lost.orElse(-1) == 0 ? 1 : 0);
    }

    private static OptionalInt lost(Throwable error, Collective collective) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof LostRankException loss) {
                return OptionalInt.of(loss.rank());
            }
        }
        try {
            // Spark may cancel the task before the rank notices that a peer is lost.
            collective.progressed();
        } catch (LostRankException loss) {
            return OptionalInt.of(loss.rank());
        }
        return OptionalInt.empty();
    }
}
