package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.error.ExitCode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.files.KerberosLogin;
import java.util.Optional;
import org.apache.hadoop.util.ShutdownHookManager;

/**
 * Failure of a command as its user sees it.
 *
 * @param message one line
 * @param expected whether the message is complete, so that no stack trace is needed
 */
public record Failure(ExitCode exitCode, String message, boolean expected) {
    /**
     * Returns the failure for an exception: the {@link RunException} that it is or that caused it, else an unexpected
     * failure.
     */
    public static Failure of(Throwable e) {
        return of(e, ShutdownHookManager.get().isShutdownInProgress());
    }

    /**
     * Returns the failure for an exception. After a signal, Spark's shutdown causes errors that explain nothing, so the
     * message names the signal.
     */
    static Failure of(Throwable e, boolean interrupted) {
        if (interrupted) {
            return new Failure(
                    ExitCode.FAILED,
                    "interrupted by a signal: start the same command again, what is done stays done",
                    true);
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            Optional<String> login = KerberosLogin.explain(RunException.oneLine(String.valueOf(cause.getMessage())));
            if (login.isPresent()) {
                return new Failure(ExitCode.FAILED, login.get(), true);
            }
            if (cause instanceof RunException known) {
                return new Failure(known.exitCode(), RunException.oneLine(known.getMessage()), true);
            }
            if (cause instanceof InterruptedException) {
                return new Failure(
                        ExitCode.FAILED, "interrupted: start the same step again, what is done stays done", true);
            }
        }
        return new Failure(ExitCode.FAILED, RunException.oneLine(e.toString()), false);
    }
}
