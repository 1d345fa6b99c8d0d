package io.github.sparkfinetune.data.task;

import java.io.Serializable;
import java.util.List;

/**
 * Columns to read from the rows of one source, and the cleaner of the rows.
 *
 * @param <C> content of a cleaned row
 */
public sealed interface Reading<C> {

    /** Returns the factory of cleaners, one for each partition. */
    RowCleaner.Factory<C> cleaner();

    /**
     * Reads columns as one text each. Every column must be present. For text folders the only value is the content of a
     * file.
     *
     * @param columns columns in the order of a {@link RawRow}'s values
     */
    record Texts<C>(List<Column> columns, RowCleaner.Factory<C> cleaner) implements Reading<C> {
        public Texts {
            columns = List.copyOf(columns);
        }
    }

    /**
     * Reads columns as one JSON object, the only value of a {@link RawRow}: for lists, structures, and columns that
     * some rows lack. A JSON line is passed on unchanged, with all its fields, because a schema would give every object
     * of a list the fields that any of its objects has.
     *
     * @param columns names of columns that the source has
     */
    record JsonObjects<C>(List<String> columns, RowCleaner.Factory<C> cleaner) implements Reading<C> {
        public JsonObjects {
            columns = List.copyOf(columns);
        }
    }

    /**
     * A column that must be present.
     *
     * @param key configuration key that names it, for messages
     * @param name name in the source
     * @param missing reason why a row without a value cannot be used, as the cleaner reports it
     * @param string true if the column must hold strings; else any value is read as its text
     */
    record Column(String key, String name, String missing, boolean string) implements Serializable {}
}
