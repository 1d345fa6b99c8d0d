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

    /** Returns whether a rank saves the last step, by the error that ends it; before it leaves the exchange. */
    static boolean saves(Throwable error, Collective collective) {
        OptionalInt lost = lost(error);
        if (lost.isEmpty() && error instanceof CancellationException) {
            lost = known(collective);
        } else if (lost.isEmpty()) {
            return false;
        }
        return collective.rank() == (lost.orElse(-1) == 0 ? 1 : 0);
    }

    private static OptionalInt lost(Throwable error) {
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof LostRankException loss) {
                return OptionalInt.of(loss.rank());
            }
        }
        return OptionalInt.empty();
    }

    /** Returns the lost rank that made Spark cancel the task, if the exchange knows it. */
    private static OptionalInt known(Collective collective) {
        try {
            collective.progressed();
            return OptionalInt.empty();
        } catch (RuntimeException ended) {
            // Another error than a lost rank is that of the cancelled task.
            return lost(ended);
        }
    }
}
