package io.github.sparkfinetune.spark.row;

import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.RowType;
import java.util.Iterator;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** Spark's rows: conversion of a task's rows, and copies of rows with other values. */
public final class Rows {
    private Rows() {}

    /** Returns Spark's schema of a task's rows. */
    public static StructType schema(RowType<?> type) {
        StructType schema = new StructType();
        for (Column column : type.columns()) {
            schema = schema.add(column.name(), type(column), column.isNullable());
        }
        return schema;
    }

    private static DataType type(Column column) {
        return switch (column.type()) {
            case INT -> DataTypes.IntegerType;
            case LONG -> DataTypes.LongType;
            case DOUBLE -> DataTypes.DoubleType;
            case DOUBLES -> DataTypes.createArrayType(DataTypes.DoubleType, false);
            case FLOATS -> DataTypes.createArrayType(DataTypes.FloatType, false);
            case STRING -> DataTypes.StringType;
            case STRINGS -> DataTypes.createArrayType(DataTypes.StringType, false);
            case ROWS -> DataTypes.createArrayType(schema(column.rows()), false);
        };
    }

    /** Converts a task's row to Spark's row. */
    public static Row row(RowType<?> type, Object row) {
        return RowFactory.create(type.columns().stream()
                .map(column -> value(column, column.of(row)))
                .toArray());
    }

    /** Returns a value of a task's row, as Spark's rows have it. */
    public static Object value(RowType<?> type, String name, Object row) {
        Column column = type.columns().stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow();
        return value(column, column.of(row));
    }

    private static Object value(Column column, Object value) {
        if (value == null) {
            return null;
        }
        return switch (column.type()) {
            case STRINGS -> ((List<?>) value).toArray(String[]::new);
            case ROWS ->
                ((List<?>) value).stream().map(one -> row(column.rows(), one)).toArray(Row[]::new);
            default -> value;
        };
    }

    /** Adds Spark's rows, which have a schema with the columns of the metrics, to metrics of no row. */
    public static <R extends Record> Metrics measured(MeasuredRows<R> empty, Iterator<Row> rows) {
        rows.forEachRemaining(row -> empty.add(empty.type().create(column -> value(column, row))));
        return empty.metrics();
    }

    private static Object value(Column column, Row row) {
        int place = row.fieldIndex(column.name());
        if (row.isNullAt(place)) {
            return null;
        }
        return switch (column.type()) {
            case INT, LONG, DOUBLE, STRING -> row.get(place);
            case STRINGS -> row.<String>getList(place);
            case FLOATS -> floats(row.getList(place));
            case DOUBLES -> doubles(row.getList(place));
            case ROWS -> throw new IllegalArgumentException(column.name() + ": metrics read no nested rows");
        };
    }

    /** Returns Spark's row with more values at its end. */
    public static Row with(Row row, Object... values) {
        Object[] all = new Object[row.length() + values.length];
        for (int i = 0; i < row.length(); i++) {
            all[i] = row.get(i);
        }
        System.arraycopy(values, 0, all, row.length(), values.length);
        return RowFactory.create(all);
    }

    /**
     * Returns Spark's row with changed values.
     *
     * @param change returns the new value of a column, by its field and its value
     */
    public static Row changed(Row row, StructType schema, BiFunction<StructField, Object, Object> change) {
        StructField[] fields = schema.fields();
        return RowFactory.create(IntStream.range(0, fields.length)
                .mapToObj(i -> change.apply(fields[i], row.get(i)))
                .toArray());
    }

    /** Returns the numbers of a list, which Spark gives as objects. */
    public static double[] doubles(List<Double> list) {
        return list.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /** Returns the numbers of a list, which Spark gives as objects. */
    public static float[] floats(List<Float> list) {
        float[] floats = new float[list.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = list.get(i);
        }
        return floats;
    }
}
