package io.github.sparkfinetune.spark.corpus;

import io.github.sparkfinetune.data.task.ContentHash;
import java.util.Arrays;
import java.util.Iterator;

/**
 * Documents of a partition without the copies of a document that came shortly before. A table of {@value #SLOTS} hashes
 * forgets a document when another document takes its slot, so some copies remain. A document with many copies is rarely
 * forgotten between two of them.
 *
 * <p>A document becomes a row for each band. Without this table a page that occurs a million times would become a
 * million rows of the same buckets, each of which is sorted by one task.
 */
final class WithoutCopies extends Lookahead<HashedText> {
    /** 16 bytes each. */
    private static final int SLOTS = 1 << 19;

    private final Iterator<HashedText> documents;
    private final long[] first = new long[SLOTS];
    private final long[] second = new long[SLOTS];

    WithoutCopies(Iterator<HashedText> documents) {
        this.documents = documents;
        // No document equals an empty slot, because the slot is the end of the hash.
        Arrays.setAll(second, slot -> ~slot);
    }

    @Override
    protected HashedText advance() {
        while (documents.hasNext()) {
            HashedText document = documents.next();
            if (isNew(document.hash())) {
                return document;
            }
        }
        return null;
    }

    private boolean isNew(ContentHash hash) {
        int slot = (int) (hash.second() & (SLOTS - 1));
        boolean isNew = first[slot] != hash.first() || second[slot] != hash.second();
        first[slot] = hash.first();
        second[slot] = hash.second();
        return isNew;
    }
}
