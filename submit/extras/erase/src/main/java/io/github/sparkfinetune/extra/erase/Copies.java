package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.data.task.SplitKey;
import java.io.Serializable;

/**
 * Rows with the same content.
 *
 * @param rows number of rows
 * @param file first of their files by name
 * @param tokens tokens of one row
 * @param text text of the rows if documents are compared, else null
 * @param key split key of the row that stays after deduplication; null if rows have no keys
 * @param labelled whether one of the rows has a label, or the task has none
 */
record Copies(long rows, String file, RowTokens tokens, String text, SplitKey key, boolean labelled)
        implements Serializable {
    Copies plus(Copies other) {
        Copies first = file.compareTo(other.file) <= 0 ? this : other;
        boolean isFirst = key == null || Long.compareUnsigned(key.place(), other.key.place()) <= 0;
        return new Copies(
                rows + other.rows,
                first.file,
                first.tokens,
                text,
                isFirst ? key : other.key,
                labelled || other.labelled);
    }
}
