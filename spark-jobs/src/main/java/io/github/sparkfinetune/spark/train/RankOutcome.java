package io.github.sparkfinetune.spark.train;

import io.github.sparkfinetune.conf.ExitCode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.collective.LostRankException;
import io.github.sparkfinetune.core.train.TrainingResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Serializable;
import java.io.StringWriter;

/**
 * How one rank's work ended. Carries an error as text, because not every exception can be serialised.
 *
 * @param kind what follows from it for the run
 * @param result the result, or null unless {@link Kind#DONE}
 * @param exitCode the exit code of a run that ends by this outcome
 * @param message one line that says what went wrong, or null with {@link Kind#DONE}
 * @param stackTrace where it went wrong, or null with {@link Kind#DONE}
 */
record RankOutcome(int rank, Kind kind, TrainingResult result, ExitCode exitCode, String message, String stackTrace)
        implements Serializable {

    enum Kind {
        /** The rank has done its part. */
        DONE,
        /** The stage must be repeated: a rank or its data was out of reach. */
        RETRY,
        /** The run must end: repeating it would fail again. */
        FATAL
    }

    static RankOutcome done(int rank, TrainingResult result) {
        return new RankOutcome(rank, Kind.DONE, result, ExitCode.DONE, null, null);
    }

    static RankOutcome failed(int rank, Throwable error) {
        StringWriter trace = new StringWriter();
        error.printStackTrace(new PrintWriter(trace, true));
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

    /** The exception that ends the command. */
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
