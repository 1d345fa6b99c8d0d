package io.github.sparkfinetune.spark.corpus;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * Pairs of documents that share a band's key. Rows come sorted by key, then document; a document may come twice.
 *
 * <p>Of a bucket, the documents with one key, the first {@value #ALL_PAIRS} by content hash are paired with each other,
 * and every later one with the first alone, so that a bucket of n gives about n pairs, not n^2. A bucket becomes that
 * large where many documents are nearly equal, and then nearly equal to the first; or where they share a passage that
 * has all minima of this band, and then those that have more in common meet in bands whose minima lie elsewhere. Of
 * letters that share a form, similar by 0.67 all, pairs of 0.8 are found with 0.91 instead of 0.99, pairs of 0.85 with
 * 0.996, by 8 comparisons a letter where all pairs would be 2,500 (of 5,000 letters).
 */
final class CandidatePairs implements Iterator<Row> {
    /** A bucket of so many makes 496 pairs at most, a document of it 31. */
    static final int ALL_PAIRS = 32;

    private static final int KEY = 0;
    private static final int DOCUMENT = 1;

    private final Iterator<InternalRow> rows;
    private final List<DocumentId> bucket = new ArrayList<>(ALL_PAIRS);
    private long key;
    private DocumentId document;
    /** Place in the bucket of the next one to be paired with the document, and the end of these. */
    private int partner;

    private int partners;

    CandidatePairs(Iterator<InternalRow> rows) {
        this.rows = rows;
    }

    @Override
    public boolean hasNext() {
        while (partner == partners && rows.hasNext()) {
            read(rows.next());
        }
        return partner < partners;
    }

    private void read(InternalRow row) {
        DocumentId next = DocumentId.of(row, DOCUMENT);
        if (bucket.isEmpty() || row.getLong(KEY) != key) {
            key = row.getLong(KEY);
            bucket.clear();
        } else if (next.equals(document)) {
            return;
        }
        document = next;
        partner = 0;
        partners = bucket.size() < ALL_PAIRS ? bucket.size() : 1;
        if (bucket.size() < ALL_PAIRS) {
            bucket.add(document);
        }
    }

    @Override
    public Row next() {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        return Edges.row(document, bucket.get(partner++));
    }
}
