package io.github.sparkfinetune.spark.source;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.data.task.question.SquadFile;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Reads {@code data.format: squad}: a row is a question, as a JSON object. */
final class SquadFormat extends SourceFormat {
    @Override
    List<String> columns(SparkSource source) {
        return SquadFile.COLUMNS;
    }

    @Override
    Dataset<Row> rows(SparkSource source, List<String> columns) {
        return SquadSlices.read(
                source.spark(), source.key(), source.files().listing().files());
    }

    @Override
    Optional<Dataset<Row>> objects(SparkSource source) {
        return Optional.of(rows(source, List.of()));
    }

    @Override
    List<String> first(SparkSource source, int number) {
        return List.of();
    }

    @Override
    Dataset<Row> frame(SparkSource source, String text) {
        throw RunException.config(source.key() + ": " + source.path() + " is read as "
                + source.format().configName()
                + " (data.format), which has no columns: use text_folders, text, jsonl, csv, parquet or table");
    }
}
