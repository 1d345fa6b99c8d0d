package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunException;
import org.apache.spark.SparkException;

/** What a failed job says. */
public final class Errors {
    private Errors() {}

    /**
     * The one-line error of a failed job: the one that a task ended with on purpose, where Spark has wrapped it; what
     * else a task threw is about the data it read; a job that failed without a task's exception (lost executors) may be
     * started again.
     *
     * @param what what was being done, as the beginning of the message
     */
    public static RuntimeException explain(String what, Exception e) {
        Throwable last = e;
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RunException expected) {
                return expected;
            }
            last = cause;
        }
        if (e instanceof SparkException) {
            String message = firstLine(last);
            return last == e
                    ? RunException.failed(what + " failed (" + message + "): start it again", e)
                    : RunException.data(what + " failed (" + message + "): mend or remove what cannot be read", e);
        }
        return e instanceof RuntimeException unexpected ? unexpected : new IllegalStateException(what + " failed", e);
    }

    private static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage())
                .lines()
                .findFirst()
                .orElse(e.getClass().getSimpleName());
    }
}
