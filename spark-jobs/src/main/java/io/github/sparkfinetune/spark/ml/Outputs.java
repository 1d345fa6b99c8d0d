package io.github.sparkfinetune.spark.ml;

import io.github.sparkfinetune.conf.RunException;
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

/** The columns that a stage adds: each parameter that names one, unless its name is empty. */
final class Outputs {
    private final Params stage;
    private final List<Output> all = new ArrayList<>();

    private record Output(Param<String> param, String name, DataType type, Supplier<Column> value) {}

    Outputs(Params stage) {
        this.stage = stage;
    }

    /**
     * Adds one, which may be null in every row.
     *
     * @param param that names it
     * @param value asked for when rows are made; not of an estimator, which makes none
     */
    Outputs add(Param<String> param, DataType type, Supplier<Column> value) {
        String name = stage.getOrDefault(param);
        if (!name.isEmpty()) {
            all.add(new Output(param, name, type, value));
        }
        return this;
    }

    /**
     * The schema with them.
     *
     * @throws RunException if there is a column of such a name
     */
    StructType schema(StructType before) {
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

    /** The rows with them. */
    Dataset<Row> columns(Dataset<Row> rows) {
        Dataset<Row> with = rows;
        for (Output output : all) {
            with = with.withColumn(output.name(), output.value().get());
        }
        return with;
    }
}
