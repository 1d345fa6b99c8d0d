package io.github.sparkfinetune.spark.source;

import static org.apache.spark.sql.functions.col;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.spark.files.FileRows;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Reads the sources of a {@link DataFormat} with Spark. The class of a format has the format's name and is in this
 * package: {@code TextFoldersFormat} reads {@code text_folders}. The defaults hold for rows with columns that are known
 * once {@link #rows} has read them.
 */
public abstract class SourceFormat {
    /** Path of a row's file in the rows of Spark's readers of files. */
    static final String METADATA_PATH = "_metadata.file_path";

    /** Returns the endings of files that {@code auto} reads in this format, in lower case. */
    List<String> endings() {
        return List.of();
    }

    /** Returns whether a reader of Spark reads the files. It keeps an index of them in the driver. */
    public boolean isReadBySpark() {
        return false;
    }

    /**
     * Returns whether a row ends where a line ends.
     *
     * @param multiline {@code data.multiline}
     */
    boolean endsWithLine(boolean multiline) {
        return false;
    }

    /** Returns the names of the columns, if rows have columns. */
    List<String> columns(SparkSource source) {
        return Arrays.stream(rows(source, List.of()).columns())
                .filter(name -> !name.equals(SparkSource.CORRUPT))
                .toList();
    }

    /** Returns the names of the columns for a message about a column that no row has. */
    List<String> columnsOfRows(SparkSource source) {
        return columns(source);
    }

    /**
     * Returns the rows with the column {@link SparkSource#CORRUPT} and at least the given columns. The text of a row
     * that is only a text is in {@link FileRows#VALUE}.
     */
    abstract Dataset<Row> rows(SparkSource source, List<String> columns);

    /**
     * Returns the rows as JSON objects in {@link SparkSource#LINE}, beside {@link SparkSource#CORRUPT}; empty if rows
     * are no JSON before they are read.
     */
    Optional<Dataset<Row>> objects(SparkSource source) {
        return Optional.empty();
    }

    /** Returns the first rows as JSON, if rows have columns. There are none where only a task can read the rows. */
    List<String> first(SparkSource source, int number) {
        return rows(source, List.of())
                .drop(SparkSource.CORRUPT)
                .limit(number)
                .toJSON()
                .collectAsList();
    }

    /**
     * Returns the rows with all columns. A record that cannot be parsed is an error, so that no part of it is lost.
     *
     * @param text name of the column of rows that are only a text
     */
    Dataset<Row> frame(SparkSource source, String text) {
        return rows(source, List.of()).drop(SparkSource.CORRUPT);
    }

    /** Returns the column with the file of a row of {@link #rows} and {@link #objects}. */
    Column file(SparkSource source) {
        return col(isReadBySpark() ? METADATA_PATH : FileRows.PATH);
    }
}
