package io.github.sparkfinetune.spark.prepare;

import java.io.Serializable;
import org.apache.spark.sql.catalyst.InternalRow;

/** Cleans the rows of one partition and hashes their content. Not for concurrent use. */
interface RowCleaner<C> {
    String MALFORMED = "malformed_record";
    String NO_TEXT = "no_text";
    String NO_PAIR = "no_text_pair";
    String NO_LABEL = "no_label";
    String BINARY = "binary_text";
    String EMPTY = "empty_text";

    /** Cleans a row of a {@link SourceReader}. */
    CleanRow<C> clean(InternalRow row);

    /** Opens a cleaner in a task. */
    interface Factory<C> extends Serializable {
        RowCleaner<C> open();
    }
}
