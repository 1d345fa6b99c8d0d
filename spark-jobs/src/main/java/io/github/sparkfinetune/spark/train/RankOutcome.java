package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.train.LeavingRankException;
import io.github.sparkfinetune.core.train.TrainingResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Serializable;
import java.io.StringWriter;

/**
 * Result of one rank's work. An error is carried as text, because not every exception can be serialized.
 *
 * @param kind consequence for the run
 * @param result result of the training, or null unless {@link Kind#DONE}
 * @param exitCode exit code of a run that ends with this outcome
 * @param message one line about the error, or null with {@link Kind#DONE}
 * @param stackTrace stack trace of the error, or null with {@link Kind#DONE}
 */
record RankOutcome(int rank, Kind kind, TrainingResult result, ExitCode exitCode, String message, String stackTrace)
        implements Serializable {

    enum Kind {
        /** The rank has finished. */
        DONE,
        /** The rank has left before the end, and its work is saved: it must continue in another job. */
        MOVED,
        /** The stage must be repeated: a rank or its data could not be reached. */
        RETRY,
        /** The run must end: a repetition would fail again. */
        FATAL
    }

    static RankOutcome done(int rank, TrainingResult result) {
        return new RankOutcome(rank, Kind.DONE, result, ExitCode.DONE, null, null);
    }

    static RankOutcome failed(int rank, Throwable error) {
        StringWriter trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace, true));
        if (error instanceof LeavingRankException) {
            return new RankOutcome(rank, Kind.MOVED, null, ExitCode.FAILED, error.getMessage(), trace.toString());
        }
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof RunException known) {
                return new RankOutcome(rank, Kind.FATAL, null, known.exitCode(), known.getMessage(), trace.toString());
            }
            if (cause instanceof LostRankException || cause instanceof IOException) {
                return new RankOutcome(rank, Kind.RETRY, null, ExitCode.FAILED, error.toString(), trace.toString());
            }
        }
        String message = OutOfMemory.reason(error)
                .map(reason -> "rank " + rank + " ran out of memory " + reason)
                .orElse("rank " + rank + " failed: " + error);
        return new RankOutcome(rank, Kind.FATAL, null, ExitCode.FAILED, message, trace.toString());
    }

    /** Returns the exception that ends the command. */
    RunException toException() {
        Throwable cause = new IllegalStateException("on rank " + rank + ": " + stackTrace);
        return switch (exitCode) {
            case CONFIG -> RunException.config(message);
            case DATA -> RunException.data(message, cause);
            case FAILED -> RunException.failed(message, cause);
            case DONE -> throw new IllegalStateException("rank " + rank + " did not fail");
        };
    }
}
