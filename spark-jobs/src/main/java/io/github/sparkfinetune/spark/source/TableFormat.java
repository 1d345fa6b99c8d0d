package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.lit;

import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Reads {@code data.format: table}, a {@link SourceTable}, or only some of its files. */
final class TableFormat extends SourceFormat {
    @Override
    Dataset<Row> rows(SparkSource source, List<String> columns) {
        Dataset<Row> rows = source.table();
        return isOfFiles(source)
                ? source.typed(
                        "Parquet",
                        source.folders(source.files().table().location()).schema(rows.schema()))
                : rows.withColumn(SparkSource.CORRUPT, SparkSource.nothing());
    }

    /** Returns the column with the file of a row, or with the table's name if the files are unknown. */
    @Override
    Column file(SparkSource source) {
        return isOfFiles(source) ? col(METADATA_PATH) : lit(source.path());
    }

    private static boolean isOfFiles(SparkSource source) {
        return source.files().listing().isPart();
    }
}
