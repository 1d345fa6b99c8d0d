package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.DataFormat;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.List;

/** A source of raw rows, described to a task before any row is read. */
public interface RawSource {

    /** Returns the configuration key that names the source, for messages. */
    String key();

    /** Returns the split of the source's rows, before any are held out of it; null for rows to predict. */
    String split();

    /** Returns the absolute URI of a file or folder, or a glob. */
    String path();

    /** Returns the format, never auto. */
    DataFormat format();

    /**
     * Returns the names of the columns. For JSON lines these are the keys of the first rows. There are none if there
     * are no rows, and for text folders, which have no columns.
     */
    List<String> columns();

    /**
     * Refuses a source without a column.
     *
     * @param key configuration key that names the column
     * @param remedy other remedy, beginning with ": "; or empty
     */
    default void requireColumn(String key, String column, String remedy) {
        if (!columns().contains(column)) {
            throw RunException.config(key + ": " + path() + " has no column " + column + ", its columns are "
                    + String.join(", ", columns()) + remedy);
        }
    }

    /**
     * Refuses a source that cannot have some columns. A column that the first rows lack may be in later rows, if the
     * format allows it.
     *
     * @param key configuration key that names the columns
     */
    default void requireColumns(String key, List<String> columns) {
        if (format().bareText().isPresent()) {
            throw RunException.config(key + ": " + path() + " has no columns, its files hold only texts:"
                    + " leave it out, or use jsonl, csv or parquet");
        }
        if (!format().hasOpenColumns()) {
            columns.forEach(column -> requireColumn(key, column, ""));
        }
    }
}
