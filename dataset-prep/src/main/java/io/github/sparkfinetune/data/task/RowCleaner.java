package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.redact.ModelSpans;
import java.io.Serializable;

/**
 * Cleans rows and hashes their content. Not for concurrent use.
 *
 * @param <C> content of a cleaned row
 */
public interface RowCleaner<C> {

    /** Returns the cleaned row, or the reason why it cannot be used. */
    CleanRow<C> clean(RawRow row);

    /** Factory of cleaners, in the Spark tasks that read a source. */
    interface Factory<C> extends Serializable {
        /**
         * Returns a cleaner for one partition.
         *
         * @param byModel spans of the model of {@code data.redact}, of no model without one
         */
        RowCleaner<C> open(ModelSpans byModel);
    }
}
