package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.task.Column;
import io.github.sparkfinetune.core.task.MeasuredRows;
import io.github.sparkfinetune.core.task.RowType;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Conversion of a task's rows to and from Spark's rows. */
final class Rows {
    private Rows() {}

    /** Returns Spark's schema of a task's rows. */
    static StructType schema(RowType<?> type) {
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
    static Row row(RowType<?> type, Object row) {
        return RowFactory.create(type.columns().stream()
                .map(column -> value(column, column.of(row)))
                .toArray());
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
    static <R extends Record> Metrics measured(MeasuredRows<R> empty, Iterator<Row> rows) {
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
            case DOUBLES ->
                row.<Double>getList(place).stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray();
            case ROWS -> throw new IllegalArgumentException(column.name() + ": metrics read no nested rows");
        };
    }

    /** Returns Spark's row with more values at its end. */
    static Row with(Row row, Object... values) {
        return RowFactory.create(
                Stream.concat(IntStream.range(0, row.length()).mapToObj(row::get), Arrays.stream(values))
                        .toArray());
    }

    static float[] floats(List<Float> list) {
        float[] floats = new float[list.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = list.get(i);
        }
        return floats;
    }
}
