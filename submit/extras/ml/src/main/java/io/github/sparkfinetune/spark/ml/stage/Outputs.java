package io.github.sparkfinetune.spark.ml.stage;

import io.github.sparkfinetune.conf.error.RunException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.Params;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.StructType;

/** Columns that a stage adds: one per parameter that names a column, unless the name is empty. */
public final class Outputs {
    private final Params stage;
    private final List<Output> all = new ArrayList<>();

    private record Output(Param<String> param, String name, DataType type, Supplier<Column> value) {}

    public Outputs(Params stage) {
        this.stage = stage;
    }

    /**
     * Adds a column, which may be null in every row.
     *
     * @param param parameter that names the column
     * @param type type of the column
     * @param value supplies the column when rows are computed; an estimator never calls it
     */
    public Outputs add(Param<String> param, DataType type, Supplier<Column> value) {
        String name = stage.getOrDefault(param);
        if (!name.isEmpty()) {
            all.add(new Output(param, name, type, value));
        }
        return this;
    }

    /**
     * Returns a schema with the added columns.
     *
     * @throws RunException if a column with such a name exists
     */
    public StructType schema(StructType before) {
        StructType schema = before;
        for (Output output : all) {
            if (Arrays.asList(schema.fieldNames()).contains(output.name())) {
                throw RunException.config(stage.uid() + ": " + output.param().name() + ": there is a column "
                        + output.name() + " already: set it to another name, or to '' for no column");
            }
            schema = schema.add(output.name(), output.type(), true);
        }
        return schema;
    }

    /** Returns rows with the added columns. */
    public Dataset<Row> columns(Dataset<Row> rows) {
        Dataset<Row> with = rows;
        for (Output output : all) {
            with = with.withColumn(output.name(), output.value().get());
        }
        return with;
    }
}
