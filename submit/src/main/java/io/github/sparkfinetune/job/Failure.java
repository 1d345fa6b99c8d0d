package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.ExitCode;
import io.github.sparkfinetune.conf.RunException;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * How a command failed, as its user sees it.
 *
 * @param message one line
 * @param expected whether the message says all that there is to know
 */
public record Failure(ExitCode exitCode, String message, boolean expected) {
    /** What an exception means: the {@link RunException} that it is or was caused by, else something unknown. */
    public static Failure of(Throwable e) {
        return of(e, ShutdownHookManager.get().isShutdownInProgress());
    }

    /**
     * In a process that a signal ends Spark is stopped under the command's hands: what it says of that tells nothing.
     */
    static Failure of(Throwable e, boolean interrupted) {
        if (interrupted) {
            return new Failure(
                    ExitCode.FAILED,
                    "interrupted by a signal: start the same command again, what is done stays done",
                    true);
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RunException known) {
                return new Failure(known.exitCode(), oneLine(known.getMessage()), true);
            }
        }
        return new Failure(ExitCode.FAILED, oneLine(e.toString()), false);
    }

    public static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }
}
