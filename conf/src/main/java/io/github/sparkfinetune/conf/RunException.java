package io.github.sparkfinetune.conf;

/**
 * An error that its reader can act on: one line that says what was wrong, where (file, line or key) and what to do. It
 * carries the exit code of the command that it ends.
 */
public final class RunException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;
    /** Key of the configuration that is at fault, or null. */
    private final String key;

    private RunException(ExitCode exitCode, String key, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
        this.key = key;
    }

    /** Bad usage or configuration. */
    public static RunException config(String message) {
        return new RunException(ExitCode.CONFIG, null, message, null);
    }

    /** Bad value of one key; {@code RunConfigLoader} adds where the key was set. */
    public static RunException key(String key, String message) {
        return new RunException(ExitCode.CONFIG, key, message, null);
    }

    /** Bad data or a bad model. */
    public static RunException data(String message) {
        return new RunException(ExitCode.DATA, null, message, null);
    }

    /** Bad data or a bad model, found by {@code cause}. */
    public static RunException data(String message, Throwable cause) {
        return new RunException(ExitCode.DATA, null, message, cause);
    }

    /** A failure that a retry may mend. */
    public static RunException failed(String message, Throwable cause) {
        return new RunException(ExitCode.FAILED, null, message, cause);
    }

    /** Key of the configuration that is at fault, or null. */
    public String key() {
        return key;
    }

    /** The exit code that this error ends its command with. */
    public ExitCode exitCode() {
        return exitCode;
    }
}
