package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.spark.files.FileRows;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Reads {@code data.format: text_folders}. {@code auto} takes a file in a folder for a text if its ending is unknown.
 */
final class TextFoldersFormat extends SourceFormat {
    @Override
    Dataset<Row> rows(SparkSource source, List<String> columns) {
        return source.texts();
    }

    @Override
    Dataset<Row> frame(SparkSource source, String text) {
        return super.frame(source, text)
                .withColumnRenamed(FileRows.VALUE, text)
                .withColumnRenamed(FileRows.PATH, "path");
    }
}
