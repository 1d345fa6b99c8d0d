package io.github.sparkfinetune.data.task.retrieval;

import io.github.sparkfinetune.data.dataset.UnusableRowException;
import io.github.sparkfinetune.data.task.JsonRows;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * Reads rows of a query with documents of a known relevance: that of a pair in the row, or 1 for the document that
 * belongs to the query and 0 for the documents that do not.
 *
 * @param texts reader of the row's texts
 */
record RankedTextReader(RelatedTextReader texts) implements JsonRows.Reader<RelatedTexts> {
    /** Reason: there is no document that does not belong to the query. */
    static final String NO_NEGATIVE = "no_negative";

    @Override
    public RelatedTexts read(String json, UnaryOperator<String> cleaner) throws UnusableRowException {
        RelatedTexts row = texts.read(json, cleaner);
        if (texts.negative() == null) {
            return row;
        }
        if (row.others().size() < 2) {
            throw new UnusableRowException(NO_NEGATIVE);
        }
        List<Double> relevance =
                new ArrayList<>(Collections.nCopies(row.others().size(), 0.0));
        relevance.set(0, 1.0);
        return new RelatedTexts(row.text(), row.others(), relevance);
    }
}
