package io.github.sparkfinetune.core.task;

/**
 * A column of the rows that a task writes.
 *
 * @param name its name in the Parquet files
 * @param type of its values
 * @param nullable whether it may have none
 */
public record Column(String name, Type type, boolean nullable) {
    /** Type of a column's values. */
    public enum Type {
        /** {@link Integer}. */
        INT,
        /** {@link Long}. */
        LONG,
        /** {@link Double}. */
        DOUBLE,
        /** {@code double[]}. */
        DOUBLES,
        /** {@link String}. */
        STRING
    }

    /** A column in which every row has a value. */
    static Column required(String name, Type type) {
        return new Column(name, type, false);
    }

    /** A column in which rows may have no value. */
    static Column nullable(String name, Type type) {
        return new Column(name, type, true);
    }
}
