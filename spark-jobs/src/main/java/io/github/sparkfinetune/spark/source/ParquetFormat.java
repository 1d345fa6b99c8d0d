package io.github.sparkfinetune.spark.source;

import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Reads {@code data.format: parquet}. */
final class ParquetFormat extends SourceFormat {
    @Override
    public boolean isReadBySpark() {
        return true;
    }

    @Override
    List<String> endings() {
        return List.of(".parquet");
    }

    @Override
    Dataset<Row> rows(SparkSource source, List<String> columns) {
        return source.typed("Parquet", source.folders(source.path()));
    }
}
