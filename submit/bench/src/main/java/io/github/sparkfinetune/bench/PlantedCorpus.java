package io.github.sparkfinetune.bench;

import io.github.sparkfinetune.data.dataset.Seeds;
import io.github.sparkfinetune.data.dataset.Seeds.Purpose;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.spark.corpus.HashedText;
import java.io.Serializable;

/**
 * Documents of random words with known near-duplicates. Each block of ten documents begins with an original and its
 * near-duplicate of Jaccard similarity 0.8 over 5-word shingles. The third document is another near-duplicate of the
 * original, and the fourth resembles the original below 0.75. The other six resemble no document. The last thousandth
 * of the documents are near-duplicates of one document. Words are drawn as in a language, the n-th most frequent with
 * probability about 1/n.
 *
 * <p>A document has 45 m shingles, m of 1 to 4, so 49 to 184 words. A replaced word changes 5 shingles, so m replaced
 * words leave a similarity of 40 m of 50 m.
 */
final class PlantedCorpus implements Serializable {
    static final int GROUP = 10;
    private static final double THRESHOLD = 0.75;
    private static final int NGRAM = 5;
    private static final int SHINGLES = 45;
    private static final int VOCABULARY = 50_000;
    private static final long SEED = 1;

    private final long documents;

    PlantedCorpus(long documents) {
        this.documents = documents;
    }

    /** Returns the document that this document resembles, or itself. */
    private long original(long index) {
        if (index >= documents - documents / 1000) {
            return documents - documents / 1000;
        }
        return index % GROUP == 1 || index % GROUP == 3 ? index - 1 : index;
    }

    /** Returns the original of this document's near-duplicates, or itself: equal for near-duplicates. */
    long component(long index) {
        return isAlike(index) ? original(index) : index;
    }

    private boolean isAlike(long index) {
        return index >= documents - documents / 1000 || index % GROUP != 3;
    }

    HashedText document(long index) {
        long original = original(index);
        int size = 1 + (int) Seeds.bounded(random(original, -1), 4);
        int words = SHINGLES * size + NGRAM - 1;
        int replaced = index == original ? 0 : isAlike(index) ? size : unlike(size);
        StringBuilder text = new StringBuilder(words * 8);
        int next = 1;
        for (int i = 0; i < words; i++) {
            boolean other = next <= replaced && i == next * words / (replaced + 1);
            next += other ? 1 : 0;
            text.append(i == 0 ? "" : i % 12 == 0 ? ".\n" : " ");
            append(text, other ? VOCABULARY + Seeds.bounded(random(index, i), 1L << 40) : word(random(original, i)));
        }
        return new HashedText(hash(index), text.toString());
    }

    /** Returns the smallest number of replaced words that leaves a similarity below the threshold. */
    private static int unlike(int size) {
        int replaced = size;
        while (SHINGLES * size - NGRAM * replaced >= THRESHOLD * (SHINGLES * size + NGRAM * replaced)) {
            replaced++;
        }
        return replaced;
    }

    ContentHash hash(long index) {
        return new ContentHash(random(index, -2), random(index, -3));
    }

    private static long random(long index, long place) {
        return Seeds.derive(SEED, Purpose.SHUFFLE, index, place);
    }

    private static long word(long random) {
        return (long) Math.pow(VOCABULARY, Seeds.unit(random));
    }

    private static void append(StringBuilder text, long word) {
        for (long rest = word; rest > 0; rest /= 26) {
            text.append((char) ('a' + rest % 26));
        }
    }
}
