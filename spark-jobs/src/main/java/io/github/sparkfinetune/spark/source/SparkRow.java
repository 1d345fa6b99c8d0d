package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.data.task.RawRow;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * Row of Spark's internal format. It holds the values as strings, then the file, then the record if it could not be
 * parsed, then the columns of the split key, and the person. A text stays UTF-8 bytes until it is cleaned.
 */
final class SparkRow implements RawRow {
    /** Index of the person where rows have none. */
    static final int NO_PERSON = -1;

    private final int values;
    private final int personKey;
    private InternalRow row;

    /**
     * @param values number of values
     * @param personKey index of the row's person among the columns of the split key, or {@link #NO_PERSON}
     */
    SparkRow(int values, int personKey) {
        this.values = values;
        this.personKey = personKey;
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
    public String person() {
        return personKey == NO_PERSON ? null : keyValue(personKey);
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
