package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.spark.files.FileRows;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Reads {@code data.format: text}. */
final class TextFormat extends SourceFormat {
    @Override
    boolean endsWithLine(boolean multiline) {
        return true;
    }

    @Override
    Dataset<Row> rows(SparkSource source, List<String> columns) {
        return source.lines();
    }

    @Override
    Dataset<Row> frame(SparkSource source, String text) {
        return super.frame(source, text).withColumnRenamed(FileRows.VALUE, text).drop(FileRows.PATH);
    }
}
