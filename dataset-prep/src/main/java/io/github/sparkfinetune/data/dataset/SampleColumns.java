package io.github.sparkfinetune.data.dataset;

import java.io.Serializable;

/**
 * Columns of a dataset's files besides {@code input_ids}.
 *
 * @param tokenTypes {@code token_type_ids}: samples are pairs of texts
 * @param label {@code label}: samples have a label
 * @param labels {@code labels}: tokens have labels, and not every token its own id
 * @param documents {@code documents}: samples are made of documents
 */
public record SampleColumns(boolean tokenTypes, boolean label, boolean labels, boolean documents)
        implements Serializable {

    /** A text, or a pair of texts, with one label. */
    public static SampleColumns ofText(boolean pairs) {
        return new SampleColumns(pairs, true, false, false);
    }

    /**
     * Documents whose tokens have labels.
     *
     * @param allLearnt whether every token's label is the token itself: then none is stored
     */
    public static SampleColumns ofDocuments(boolean allLearnt) {
        return new SampleColumns(false, false, !allLearnt, true);
    }
}
