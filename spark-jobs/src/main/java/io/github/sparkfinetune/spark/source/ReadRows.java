package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Iterator;
import org.apache.spark.rdd.InputFileBlockHolder;
import org.apache.spark.sql.catalyst.InternalRow;

/** Rows as Spark reads them. If a file cannot be read, the error names the file. */
final class ReadRows implements Iterator<InternalRow> {
    private final Iterator<InternalRow> rows;
    private final boolean isCopied;

    /** @param isCopied whether rows stay in use after the next row is read */
    ReadRows(Iterator<InternalRow> rows, boolean isCopied) {
        this.rows = rows;
        this.isCopied = isCopied;
    }

    @Override
    public boolean hasNext() {
        try {
            return rows.hasNext();
        } catch (Exception e) {
            // Spark's Scala code throws checked exceptions that it does not declare.
            throw unreadable(e);
        }
    }

    @Override
    public InternalRow next() {
        return isCopied ? rows.next().copy() : rows.next();
    }

    private static RuntimeException unreadable(Exception e) {
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
                    InputFileBlockHolder.getInputFilePath()
                            + " was removed after its source was listed: start it again when"
                            + " nothing writes to the source",
                    e);
        }
        if (input) {
            String what = InputFileBlockHolder.getInputFilePath() + " cannot be read (" + last.getMessage() + "): ";
            return Errors.ioFailure(e).isPresent()
                    ? RunException.failed(what + "fix that, then start it again", e)
                    : RunException.data(what + "fix or remove it", e);
        }
        return e instanceof RuntimeException unexpected ? unexpected : new IllegalStateException(e);
    }
}
