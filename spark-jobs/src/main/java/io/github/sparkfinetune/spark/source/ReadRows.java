package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.spark.files.UnreadableFile;
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
            throw UnreadableFile.of(String.valueOf(InputFileBlockHolder.getInputFilePath()), e);
        }
    }

    @Override
    public InternalRow next() {
        return isCopied ? rows.next().copy() : rows.next();
    }
}
