package io.github.sparkfinetune.conf.error;

/**
 * An error that its reader can act on: one line that says what is wrong, where (file, line or key) and what to do. The
 * error also has the exit code of the command.
 */
public final class RunException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;
    /** Key of the configuration at fault, or null. */
    private final String key;

    private RunException(ExitCode exitCode, String key, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
        this.key = key;
    }

    /** Returns an error for bad usage or configuration. */
    public static RunException config(String message) {
        return new RunException(ExitCode.CONFIG, null, message, null);
    }

    /** Returns an error for a bad value of a key; {@code RunConfigLoader} adds the place that set the key. */
    public static RunException key(String key, String message) {
        return new RunException(ExitCode.CONFIG, key, message, null);
    }

    /** Returns an error for bad data or a bad model. */
    public static RunException data(String message) {
        return new RunException(ExitCode.DATA, null, message, null);
    }

    /** Returns an error for bad data or a bad model that {@code cause} revealed. */
    public static RunException data(String message, Throwable cause) {
        return new RunException(ExitCode.DATA, null, message, cause);
    }

    /** Returns an error for a failure that a retry may fix. */
    public static RunException failed(String message, Throwable cause) {
        return new RunException(ExitCode.FAILED, null, message, cause);
    }

    /** Returns a text in one line, for a message. */
    public static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    /** Returns the key of the configuration at fault, or null. */
    public String key() {
        return key;
    }

    /** Returns the exit code of the command that this error ends. */
    public ExitCode exitCode() {
        return exitCode;
    }
}
