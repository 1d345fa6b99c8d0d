package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.io.Serializable;
import java.util.Set;

/** Reader of the label column of a row. */
public interface LabelReader extends Serializable {

    /**
     * Label of a row.
     *
     * @param stratum as {@link CleanRow#stratum}
     * @param names as {@link CleanRow#labels}
     * @param number value of a label that is a number, else null
     */
    record Label(String stratum, Set<String> names, Double number) {
        /** Label of a row without one. */
        static final Label NONE = new Label(CleanRow.ALL, Set.of(), null);
    }

    /**
     * Reads a label.
     *
     * @param text text without white space around it; null if the row has none
     * @throws UnusableRowException if the text is not a label
     */
    Label read(String text) throws UnusableRowException;

    /** Returns whether the source has a column of labels; if not, {@link #read} is called with null. */
    default boolean hasColumn() {
        return true;
    }
}
