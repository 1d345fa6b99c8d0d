package io.github.sparkfinetune.conf.error;

/** Exit codes of the commands, for schedulers. */
public enum ExitCode {
    /** The command succeeded. */
    DONE(0),
    /** Bad usage or configuration: change the command or the YAML file. */
    CONFIG(2),
    /** Bad data or model: change the files that the message names. */
    DATA(3),
    /** The training failed (a lost rank, transient I/O): retry the same command. */
    FAILED(4);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    /** Returns the exit status of the process. */
    public int code() {
        return code;
    }
}
