package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.conf.DataConfig.DataFormat;
import io.github.sparkfinetune.conf.RunException;
import java.util.List;

/** A source of raw rows, as a task sees it before any row is read. */
public interface RawSource {

    /** Configuration key that names it, for messages. */
    String key();

    /** Name of the split that its rows are of, held-out ones of the training text aside; null for rows to predict. */
    String split();

    /** Absolute URI of a file or folder, or a glob. */
    String path();

    /** Its format, never auto. */
    DataFormat format();

    /**
     * Names of its columns. Of JSON lines they are the keys that the first rows have; it is empty where there are no
     * rows, and of text folders, which have no columns.
     */
    List<String> columns();

    /**
     * Refuses a source without a column.
     *
     * @param key configuration key that names the column
     * @param remedy what else to do, after ": "; or nothing
     */
    default void requireColumn(String key, String column, String remedy) {
        if (!columns().contains(column)) {
            throw RunException.config(key + ": " + path() + " has no column " + column + ", its columns are "
                    + String.join(", ", columns()) + remedy);
        }
    }
}
