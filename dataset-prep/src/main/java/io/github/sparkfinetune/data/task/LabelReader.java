package io.github.sparkfinetune.data.task;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import java.io.Serializable;
import java.util.Set;

/** Reads what the label column of a row says. */
public interface LabelReader extends Serializable {

    /**
     * A row's label.
     *
     * @param stratum as {@link CleanRow#stratum}
     * @param names as {@link CleanRow#labels}
     * @param number where the label is one, else null
     */
    record Label(String stratum, Set<String> names, Double number) {
        /** That of a row without. */
        static final Label NONE = new Label(CleanRow.ALL, Set.of(), null);
    }

    /**
     * Reads a label.
     *
     * @param text without white space around it, or null where there is none
     * @throws UnusableRowException if it is no label
     */
    Label read(String text) throws UnusableRowException;
}
