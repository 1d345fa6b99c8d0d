package io.github.sparkfinetune.data.task.classification;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.LabelReader;
import java.util.Set;

/**
 * Labels that rows may lack, because a teacher labels all rows.
 *
 * @param present reader of the label of a row that has one
 * @param hasColumn whether the source has a column of labels
 */
record OptionalLabel(LabelReader present, boolean hasColumn) implements LabelReader {
    private static final Label NONE = new Label(CleanRow.UNLABELLED, Set.of(), null);

    @Override
    public Label read(String text) throws UnusableRowException {
        return text == null || text.isEmpty() ? NONE : present.read(text);
    }
}
