package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.data.task.RawRow;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * Row of Spark's internal format. It holds the values as strings, then the file, then the record if it could not be
 * parsed, then the columns of the split key. A text stays UTF-8 bytes until it is cleaned.
 */
final class SparkRow implements RawRow {
    private final int values;
    private InternalRow row;

    SparkRow(int values) {
        this.values = values;
    }

    /** Moves this to the next row. */
    SparkRow at(InternalRow next) {
        row = next;
        return this;
    }

    @Override
    public String file() {
        return text(values);
    }

    @Override
    public boolean isCorrupt() {
        return !row.isNullAt(values + 1);
    }

    /**
     * Returns the text of a column of the split key, by its index among these columns; null if the row has no value.
     */
    String keyValue(int column) {
        return text(values + 2 + column);
    }

    @Override
    public byte[] bytes(int column) {
        return row.isNullAt(column) ? null : row.getUTF8String(column).getBytes();
    }

    @Override
    public String text(int column) {
        return row.isNullAt(column) ? null : row.getUTF8String(column).toString();
    }
}
