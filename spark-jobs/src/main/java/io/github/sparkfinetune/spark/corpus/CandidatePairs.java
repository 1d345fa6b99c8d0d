package io.github.sparkfinetune.spark.corpus;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.catalyst.InternalRow;

/**
 * Pairs of documents that share a band's key. Rows come sorted by key, then by document. A document may come twice.
 *
 * <p>A bucket is the documents with one key. Its first {@value #ALL_PAIRS} documents by content hash are paired with
 * each other. Every later document is paired with the first document only. A bucket of n documents therefore gives
 * about n pairs, not n^2.
 *
 * <p>A bucket becomes that large for two reasons. Many documents are nearly equal: then they are nearly equal to the
 * first document too. Or many documents share a passage that has all minima of this band: then documents with more in
 * common also meet in bands whose minima lie elsewhere.
 *
 * <p>Measured on 5,000 letters that share a form, so that each pair has a similarity of 0.67: pairs of 0.8 are found
 * with probability 0.91 instead of 0.99, pairs of 0.85 with 0.996. This takes 8 comparisons per letter; all pairs would
 * take 2,500.
 */
final class CandidatePairs implements Iterator<Row> {
    /** Documents of a bucket that are all paired: at most 496 pairs in the bucket, 31 per document. */
    static final int ALL_PAIRS = 32;

    private final Iterator<InternalRow> rows;
    private final List<DocumentId> bucket = new ArrayList<>(ALL_PAIRS);
    private long key;
    private DocumentId document;
    /** Index in the bucket of the document's next partner, and the end of its partners. */
    private int partner;

    private int partners;

    CandidatePairs(Iterator<InternalRow> rows) {
        this.rows = rows;
    }

    @Override
    public boolean hasNext() {
        while (partner == partners && rows.hasNext()) {
            read(InternalRows.Keyed.of(rows.next()));
        }
        return partner < partners;
    }

    private void read(InternalRows.Keyed row) {
        if (bucket.isEmpty() || row.key() != key) {
            key = row.key();
            bucket.clear();
        } else if (row.document().equals(document)) {
            return;
        }
        document = row.document();
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
