package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.spark.cluster.Errors;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.Iterator;
import org.apache.spark.rdd.InputFileBlockHolder;
import org.apache.spark.sql.catalyst.InternalRow;

/** Rows as Spark reads them. Where a file cannot be read, the error names it. */
final class ReadRows implements Iterator<InternalRow> {
    private final Iterator<InternalRow> rows;
    private final boolean isCopied;

    /** @param isCopied whether a row outlives the next one */
    ReadRows(Iterator<InternalRow> rows, boolean isCopied) {
        this.rows = rows;
        this.isCopied = isCopied;
    }

    @Override
    public boolean hasNext() {
        try {
            return rows.hasNext();
        } catch (Exception e) {
            // Exception, because Spark's Scala code throws checked ones undeclared.
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
                            + " is gone since its source was listed: start it again when"
                            + " nothing writes to the source",
                    e);
        }
        if (input) {
            String what = InputFileBlockHolder.getInputFilePath() + " cannot be read (" + last.getMessage() + "): ";
            return Errors.ioFailure(e).isPresent()
                    ? RunException.failed(what + "start it again, once that is mended", e)
                    : RunException.data(what + "mend or remove it", e);
        }
        return e instanceof RuntimeException unexpected ? unexpected : new IllegalStateException(e);
    }
}
