package io.github.sparkfinetune.conf;

/** How a command ends; the numbers are what a scheduler sees. */
public enum ExitCode {
    /** The work is done. */
    DONE(0),
    /** Bad usage or configuration: change the command or the YAML file. */
    CONFIG(2),
    /** Bad data or model: change the files named in the message. */
    DATA(3),
    /** The training failed (a lost rank, transient I/O): the same command may be started again. */
    FAILED(4);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    /** The process's exit status. */
    public int code() {
        return code;
    }
}
