package io.github.sparkfinetune.conf;

/**
 * An error that its reader can act on: one line that says what was wrong, where (file, line or key) and what to do. It
 * carries the exit code of the command that it ends.
 */
public final class RunException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;

    private RunException(ExitCode exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** Bad usage or configuration. */
    public static RunException config(String message) {
        return new RunException(ExitCode.CONFIG, message, null);
    }

    /** Bad data or a bad model. */
    public static RunException data(String message) {
        return new RunException(ExitCode.DATA, message, null);
    }

    /** Bad data or a bad model, found by {@code cause}. */
    public static RunException data(String message, Throwable cause) {
        return new RunException(ExitCode.DATA, message, cause);
    }

    /** A failure that a retry may mend. */
    public static RunException failed(String message, Throwable cause) {
        return new RunException(ExitCode.FAILED, message, cause);
    }

    /** The exit code that this error ends its command with. */
    public ExitCode exitCode() {
        return exitCode;
    }
}
