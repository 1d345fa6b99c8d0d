package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.files.FileRows;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;

/** Reads {@code data.format: jsonl}. */
final class JsonlFormat extends SourceFormat {
    private static final int INFERENCE_ROWS = 100;

    @Override
    List<String> endings() {
        return List.of(".jsonl", ".json");
    }

    @Override
    boolean endsWithLine(boolean multiline) {
        return true;
    }

    /** Returns the keys of the first lines. */
    @Override
    List<String> columns(SparkSource source) {
        return source.withPartitions(JsonLines.keys(source, texts(source).limit(INFERENCE_ROWS)));
    }

    /** Returns the columns that Spark infers from the first lines. */
    @Override
    List<String> columnsOfRows(SparkSource source) {
        Dataset<Row> first = texts(source).limit(INFERENCE_ROWS);
        return List.of(source.spark().read().json(first.as(Encoders.STRING())).columns());
    }

    /** Returns the given columns as strings. */
    @Override
    Dataset<Row> rows(SparkSource source, List<String> columns) {
        return JsonLines.parsed(source.lines(), SparkSource.strings(columns), partitions(source));
    }

    @Override
    Optional<Dataset<Row>> objects(SparkSource source) {
        return Optional.of(source.lines());
    }

    @Override
    List<String> first(SparkSource source, int number) {
        return texts(source).limit(number).as(Encoders.STRING()).collectAsList();
    }

    /** Returns the columns and types that Spark infers from all lines. */
    @Override
    Dataset<Row> frame(SparkSource source, String text) {
        StructType schema = JsonLines.inferred(source.spark(), texts(source));
        Dataset<Row> rows =
                JsonLines.parsed(source.lines(), schema, partitions(source)).drop(FileRows.PATH);
        if (Arrays.asList(rows.columns()).contains(SparkSource.CORRUPT)) {
            throw RunException.data(source.key() + ": " + source.path()
                    + " has lines that are no JSON object: fix or remove the lines");
        }
        return rows;
    }

    private static Dataset<Row> texts(SparkSource source) {
        return source.lines().select(SparkSource.LINE);
    }

    private static List<String> partitions(SparkSource source) {
        return source.files().listing().partitions();
    }
}
