package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.task.Column;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** A task's rows as Spark's. */
final class Rows {
    private Rows() {}

    /** Spark's schema of a task's columns. */
    static StructType schema(List<Column> columns) {
        StructType schema = new StructType();
        for (Column column : columns) {
            schema = schema.add(column.name(), type(column.type()), column.nullable());
        }
        return schema;
    }

    private static DataType type(Column.Type type) {
        return switch (type) {
            case INT -> DataTypes.IntegerType;
            case LONG -> DataTypes.LongType;
            case DOUBLE -> DataTypes.DoubleType;
            case DOUBLES -> DataTypes.createArrayType(DataTypes.DoubleType, false);
            case STRING -> DataTypes.StringType;
        };
    }

    /** The values of a row without arrays. */
    static Object[] values(Row row) {
        Object[] values = new Object[row.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = row.get(i);
        }
        return values;
    }
}
