package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.spark.files.FileRows;
import java.util.Arrays;
import java.util.Locale;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;

/** Rows of a source with all columns. A record that cannot be parsed is an error, so that no part of it is lost. */
final class SourceFrame {
    private SourceFrame() {}

    /** @param text name of the column of texts in folders or lines */
    static Dataset<Row> of(SparkSource source, String text) {
        return switch (source.format()) {
            case TEXT_FOLDERS ->
                source.texts().withColumnRenamed(FileRows.VALUE, text).withColumnRenamed(FileRows.PATH, "path");
            case TEXT ->
                source.lines().withColumnRenamed(SparkSource.LINE, text).drop(FileRows.PATH, SparkSource.CORRUPT);
            case JSONL -> json(source);
            case CSV -> csv(source);
            case PARQUET, TABLE -> source.typed().drop(SparkSource.CORRUPT);
            case SQUAD, AUTO ->
                throw RunException.config(source.key() + ": " + source.path() + " is read as "
                        + source.format().name().toLowerCase(Locale.ROOT)
                        + " (data.format), which has no columns: use text_folders, text, jsonl, csv, parquet or table");
        };
    }

    private static Dataset<Row> json(SparkSource source) {
        Dataset<Row> rows = source.inferred();
        if (Arrays.asList(rows.columns()).contains(SparkSource.CORRUPT)) {
            throw RunException.data(source.key() + ": " + source.path()
                    + " has lines that are no JSON object: fix or remove the lines");
        }
        return rows;
    }

    private static Dataset<Row> csv(SparkSource source) {
        String message = source.key() + ": " + source.path()
                + " has a row with more or fewer values than its header has names: fix or remove the row";
        UDF1<String, Boolean> isWhole = corrupt -> {
            if (corrupt != null) {
                throw RunException.data(message);
            }
            return true;
        };
        return source.csv()
                .filter(functions.udf(isWhole, DataTypes.BooleanType).apply(col(SparkSource.CORRUPT)))
                .drop(SparkSource.CORRUPT);
    }
}
