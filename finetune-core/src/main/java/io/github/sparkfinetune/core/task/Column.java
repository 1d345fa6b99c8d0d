package io.github.sparkfinetune.core.task;

import java.io.Serializable;
import java.util.List;

/**
 * A column of the rows that a task writes.
 *
 * @param name name in the Parquet files
 * @param type type of the values
 * @param nullable whether values may be null
 * @param fields columns of nested rows, for a column of rows
 */
public record Column(String name, Type type, boolean nullable, List<Column> fields) implements Serializable {
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
        /** {@code float[]}. */
        FLOATS,
        /** {@link String}. */
        STRING,
        /** {@code String[]}. */
        STRINGS,
        /** {@code Object[][]}: rows, each with one value per field. */
        ROWS
    }

    public Column {
        fields = List.copyOf(fields);
        if (fields.isEmpty() == (type == Type.ROWS)) {
            throw new IllegalArgumentException("column " + name + " of " + type + " has " + fields.size() + " fields");
        }
    }

    /** Returns a column in which every row has a value. */
    public static Column required(String name, Type type) {
        return new Column(name, type, false, List.of());
    }

    /** Returns a column whose values may be null. */
    public static Column nullable(String name, Type type) {
        return new Column(name, type, true, List.of());
    }

    /** Returns a column of nested rows, which may be null as a whole. */
    public static Column rows(String name, Column... fields) {
        return new Column(name, Type.ROWS, true, List.of(fields));
    }
}
