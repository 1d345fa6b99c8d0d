package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.data.task.RawRow;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * A row of Spark's own: so many values as strings, then the file, then the record as it stands where it could not be
 * parsed, then what the split key is made of. A text stays UTF-8 bytes until it is cleaned.
 */
final class SparkRow implements RawRow {
    private final int values;
    private InternalRow row;

    SparkRow(int values) {
        this.values = values;
    }

    /** Makes this the next row. */
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

    /** Returns the text of a column of the split key, by its place among these columns; null where there is none. */
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
