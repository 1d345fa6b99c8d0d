package io.github.sparkfinetune.core.rank;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * Search of the documents that are most similar to queries but do not belong to them. The search is exact. The
 * documents of a corpus can be searched in parts, and the results of the parts merged; equal similarities are ordered
 * by id, so that the result does not depend on the parts.
 */
public final class Nearest implements Serializable {
    private static final long serialVersionUID = 1L;

    /** Number of documents whose similarities are in memory at once. */
    private static final int BLOCK = 1024;

    private final List<Query> queries = new ArrayList<>();
    private final int most;

    /**
     * A query.
     *
     * @param vector its unit vector
     * @param excluded ids of documents that are not found
     * @param limit largest cosine of a found document
     */
    private record Query(float[] vector, Set<Long> excluded, double limit) implements Serializable {}

    /**
     * Found documents of a query, the most similar first.
     *
     * @param ids ids of the documents
     * @param similarities their cosines
     */
    public record Found(long[] ids, float[] similarities) implements Serializable {
        static final Found NONE = new Found(new long[0], new float[0]);
    }

    /** @param most largest number of documents found for a query */
    public Nearest(int most) {
        this.most = most;
    }

    /**
     * Adds a query.
     *
     * @param vector its unit vector
     * @param excluded ids of documents that are not found
     * @param limit largest cosine of a found document
     */
    public void add(float[] vector, Set<Long> excluded, double limit) {
        queries.add(new Query(vector, Set.copyOf(excluded), limit));
    }

    /** Returns the number of queries. */
    public int size() {
        return queries.size();
    }

    /** Returns the result of a search in no document. */
    public Found[] none() {
        Found[] none = new Found[queries.size()];
        Arrays.fill(none, Found.NONE);
        return none;
    }

    /** Returns the nearest of some documents, for each query. */
    public Found[] in(UnitVectors documents) {
        Best[] best = new Best[queries.size()];
        Arrays.setAll(best, q -> new Best(most));
        float[] products = new float[BLOCK];
        for (int from = 0; from < documents.size(); from += BLOCK) {
            int to = Math.min(documents.size(), from + BLOCK);
            UnitVectors.Block block = UnitVectors.Block.of(documents, from, to);
            for (int q = 0; q < best.length; q++) {
                Query query = queries.get(q);
                block.products(query.vector(), products);
                for (int i = from; i < to; i++) {
                    float similarity = products[i - from];
                    if (similarity <= query.limit()
                            && best[q].takes(documents.ids()[i], similarity)
                            && !query.excluded().contains(documents.ids()[i])) {
                        best[q].add(documents.ids()[i], similarity);
                    }
                }
            }
        }
        return Arrays.stream(best).map(Best::found).toArray(Found[]::new);
    }

    /** Returns the results of a search in the documents of two parts. */
    public Found[] merged(Found[] a, Found[] b) {
        Found[] both = new Found[a.length];
        for (int q = 0; q < both.length; q++) {
            Best best = new Best(most);
            for (Found found : List.of(a[q], b[q])) {
                for (int i = 0; i < found.ids().length; i++) {
                    if (best.takes(found.ids()[i], found.similarities()[i])) {
                        best.add(found.ids()[i], found.similarities()[i]);
                    }
                }
            }
            both[q] = best.found();
        }
        return both;
    }

    /** The best documents so far, in descending order. */
    private static final class Best {
        private final long[] ids;
        private final float[] similarities;
        private int size;

        Best(int most) {
            ids = new long[most];
            similarities = new float[most];
        }

        private boolean isBefore(long id, float similarity, int place) {
            return similarity > similarities[place] || (similarity == similarities[place] && id < ids[place]);
        }

        boolean takes(long id, float similarity) {
            return size < ids.length || isBefore(id, similarity, size - 1);
        }

        void add(long id, float similarity) {
            int at = size < ids.length ? size++ : size - 1;
            while (at > 0 && isBefore(id, similarity, at - 1)) {
                ids[at] = ids[at - 1];
                similarities[at] = similarities[at - 1];
                at--;
            }
            ids[at] = id;
            similarities[at] = similarity;
        }

        Found found() {
            return new Found(Arrays.copyOf(ids, size), Arrays.copyOf(similarities, size));
        }
    }
}
