package io.github.sparkfinetune.spark.files;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.io.FileNotFoundException;
import java.io.IOException;

/** Error of a task that cannot read a file. */
public final class UnreadableFile {
    private UnreadableFile() {}

    /**
     * Returns the error that names the file and what to do.
     *
     * @param path path of the file
     * @return the exception itself if it has another reason
     */
    public static RuntimeException of(String path, Exception e) {
        Throwable last = e;
        boolean input = false;
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RunException known) {
                return known;
            }
            input |= cause instanceof IOException;
            last = cause;
        }
        if (last instanceof FileNotFoundException) {
            return RunException.failed(
                    path + " was removed after its source was listed: start it again when nothing writes to the source",
                    e);
        }
        if (input) {
            String what = path + " cannot be read (" + last.getMessage() + "): ";
            return Errors.ioFailure(e).isPresent()
                    ? RunException.failed(what + "fix that, then start it again", e)
                    : RunException.data(what + "fix or remove it", e);
        }
        return e instanceof RuntimeException unexpected ? unexpected : new IllegalStateException(e);
    }
}
