package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.task.Column;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Conversion of a task's rows to and from Spark's rows. */
final class Rows {
    private Rows() {}

    /** Returns Spark's schema of a task's columns. */
    static StructType schema(List<Column> columns) {
        StructType schema = new StructType();
        for (Column column : columns) {
            schema = schema.add(column.name(), type(column), column.nullable());
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
            case ROWS -> DataTypes.createArrayType(schema(column.fields()), false);
        };
    }

    /** Converts a task's row to Spark's row. */
    static Row row(Object[] values) {
        Object[] converted = values.clone();
        for (int i = 0; i < converted.length; i++) {
            if (converted[i] instanceof Object[][] rows) {
                converted[i] = Arrays.stream(rows).map(Rows::row).toArray(Row[]::new);
            }
        }
        return RowFactory.create(converted);
    }

    /** Converts Spark's row, which has a schema, to a task's row. */
    static Object[] values(Row row) {
        Object[] values = new Object[row.length()];
        for (int i = 0; i < values.length; i++) {
            boolean isArray = row.schema().apply(i).dataType() instanceof ArrayType && !row.isNullAt(i);
            values[i] = isArray ? array(row, i) : row.get(i);
        }
        return values;
    }

    static float[] floats(List<Float> list) {
        float[] floats = new float[list.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = list.get(i);
        }
        return floats;
    }

    private static Object array(Row row, int column) {
        DataType element = ((ArrayType) row.schema().apply(column).dataType()).elementType();
        if (element instanceof StructType) {
            return row.<Row>getList(column).stream().map(Rows::values).toArray(Object[][]::new);
        }
        if (element.equals(DataTypes.FloatType)) {
            return floats(row.getList(column));
        }
        return element.equals(DataTypes.StringType)
                ? row.<String>getList(column).toArray(String[]::new)
                : row.<Double>getList(column).stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray();
    }
}
