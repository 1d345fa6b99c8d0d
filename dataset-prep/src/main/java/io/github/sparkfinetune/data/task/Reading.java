package io.github.sparkfinetune.data.task;

import java.io.Serializable;
import java.util.List;

/**
 * What is read of the rows of one source, and how a row is cleaned.
 *
 * @param <C> what a row's content becomes
 */
public sealed interface Reading<C> {

    /** Opens what cleans the rows of a partition. */
    RowCleaner.Factory<C> cleaner();

    /**
     * The values of some columns, each as a text. Every column must be there. Of text folders the first value is a
     * file's content, and there are no others.
     *
     * @param columns in the order of a {@link RawRow}'s values
     */
    record Texts<C>(List<Column> columns, RowCleaner.Factory<C> cleaner) implements Reading<C> {
        public Texts {
            columns = List.copyOf(columns);
        }
    }

    /**
     * Some columns as one JSON object, which is the only value of a {@link RawRow}: for lists, structures, and columns
     * that some rows do not have. A JSON line is passed on as it stands, with whatever else is in it: a schema would
     * give every object of a list the fields that any of them has.
     *
     * @param columns names of columns that the source has
     */
    record JsonObjects<C>(List<String> columns, RowCleaner.Factory<C> cleaner) implements Reading<C> {
        public JsonObjects {
            columns = List.copyOf(columns);
        }
    }

    /**
     * A column that must be there.
     *
     * @param key configuration key that names it, for messages
     * @param name its name in the source
     * @param missing why a row without a value cannot be used, as the cleaner says it
     * @param string whether it must hold strings; else any value is read as the text that it is written as
     */
    record Column(String key, String name, String missing, boolean string) implements Serializable {}
}
