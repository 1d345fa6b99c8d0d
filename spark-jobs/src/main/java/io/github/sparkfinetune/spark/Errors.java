package io.github.sparkfinetune.spark;

import io.github.sparkfinetune.conf.RunException;

/** What a failed job says. */
final class Errors {
    private Errors() {}

    /** The error that a task ended with on purpose, where Spark has wrapped one; else the exception as it is. */
    static RuntimeException unwrap(RuntimeException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof RunException expected) {
                return expected;
            }
        }
        return e;
    }
}
