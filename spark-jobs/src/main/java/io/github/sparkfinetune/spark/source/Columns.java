package io.github.sparkfinetune.spark.source;

import java.util.Arrays;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Columns of a DataFrame. */
public final class Columns {
    private Columns() {}

    /** Returns a column by its full name: a dot in the name is not a path into a structure. */
    public static Column named(String name) {
        return functions.col(quoted(name));
    }

    /** Returns the value of a key as a text that does not depend on the session's time zone. */
    public static Column keyText(Dataset<Row> rows, String name) {
        DataType type = rows.schema().apply(name).dataType();
        if (type.equals(DataTypes.TimestampType)) {
            return functions.concat(
                    functions.lit(RowTime.MICROS),
                    functions.expr("unix_micros(" + quoted(name) + ")").cast(DataTypes.StringType));
        }
        return type instanceof StructType ? functions.to_json(named(name)) : RawColumns.text(rows, name);
    }

    /**
     * Returns the column of a row's person as {@link #keyText}; nulls if rows have none.
     *
     * @param name {@code data.redact.person}, or null
     */
    public static Column person(Dataset<Row> rows, String name) {
        return name != null && Arrays.asList(rows.columns()).contains(name)
                ? keyText(rows, name)
                : functions.lit(null).cast(DataTypes.StringType);
    }

    private static String quoted(String name) {
        return "`" + name.replace("`", "``") + "`";
    }
}
