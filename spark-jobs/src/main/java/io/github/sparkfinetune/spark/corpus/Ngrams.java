package io.github.sparkfinetune.spark.corpus;

import io.github.sparkfinetune.data.corpus.similar.NgramKeys;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.LongPredicate;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/** The n-grams of documents as rows: the two halves of the n-gram's key, then the document's {@link DocumentId}. */
final class Ngrams implements Iterator<Row> {
    private final Iterator<HashedText> texts;
    private final int n;
    private final LongPredicate filter;
    private DocumentId document;
    private NgramKeys keys = new NgramKeys(new long[0], new long[0]);
    private int at;

    /** @param filter predicate of the first half of a key: whether the n-gram is returned */
    Ngrams(Iterator<HashedText> texts, int n, LongPredicate filter) {
        this.texts = texts;
        this.n = n;
        this.filter = filter;
    }

    @Override
    public boolean hasNext() {
        while (true) {
            while (at < keys.size() && !filter.test(keys.first()[at])) {
                at++;
            }
            if (at < keys.size()) {
                return true;
            }
            if (!texts.hasNext()) {
                return false;
            }
            HashedText text = texts.next();
            document = DocumentId.of(text.hash());
            keys = NgramKeys.of(text.text(), n);
            at = 0;
        }
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        Row row = RowFactory.create(keys.first()[at], keys.second()[at], document.first(), document.second());
        at++;
        return row;
    }
}
