package io.github.sparkfinetune.data.task;

import java.io.Serializable;

/**
 * Cleans rows and hashes their content. Not for concurrent use.
 *
 * @param <C> what a row's content becomes
 */
public interface RowCleaner<C> {

    /** A row, cleaned, or why it cannot be used. */
    CleanRow<C> clean(RawRow row);

    /** Opens cleaners in the tasks that read a source. */
    interface Factory<C> extends Serializable {
        /** A cleaner for one partition. */
        RowCleaner<C> open();
    }
}
