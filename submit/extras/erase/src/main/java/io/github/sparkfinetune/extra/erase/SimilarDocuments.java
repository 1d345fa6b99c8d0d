package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.corpus.CorpusConfig.NearDedup;
import io.github.sparkfinetune.data.corpus.similar.ShingleIndex;
import io.github.sparkfinetune.data.corpus.similar.Shingles;
import io.github.sparkfinetune.data.task.CleanRow;
import io.github.sparkfinetune.data.task.ContentHash;
import io.github.sparkfinetune.data.task.TaskData;
import java.io.Serializable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;

/**
 * Search for the documents that are nearly equal to some documents, or to documents found in this way.
 *
 * @param options what near-duplicates are; whether {@code prepare} leaves them out does not matter
 * @param <C> content of a cleaned row
 */
record SimilarDocuments<C>(TaskData<C> task, NearDedup options) {

    /** A document that was found. */
    private record Found(ContentHash hash, long[] shingles) implements Serializable {}

    /**
     * Returns the hashes of documents and of their near-duplicates.
     *
     * @param rows rows of all sources
     * @param hashes hashes of the documents
     * @param texts texts of the documents that the sources may not hold any more
     */
    Set<ContentHash> with(JavaRDD<CleanRow<C>> rows, Set<ContentHash> hashes, List<String> texts) {
        JavaSparkContext context = JavaSparkContext.fromSparkContext(rows.context());
        Set<ContentHash> given = new HashSet<>(hashes);
        Set<ContentHash> known = new HashSet<>(given);
        List<long[]> sought = texts.isEmpty()
                ? shingled(rows.filter(row -> row.badBecause() == null && given.contains(row.hash())))
                : texts.stream().map(text -> Shingles.of(text, options.ngram())).toList();
        while (!sought.isEmpty()) {
            Broadcast<ShingleIndex> index = context.broadcast(new ShingleIndex(sought, options.threshold()));
            try {
                sought = found(rows.filter(row -> row.badBecause() == null))
                        .filter(one -> index.value().hasSimilar(one.shingles()))
                        .collect()
                        .stream()
                        .filter(one -> known.add(one.hash()))
                        .map(Found::shingles)
                        .toList();
            } finally {
                index.destroy();
            }
        }
        return known;
    }

    private List<long[]> shingled(JavaRDD<CleanRow<C>> rows) {
        return found(rows).map(Found::shingles).collect();
    }

    private JavaRDD<Found> found(JavaRDD<CleanRow<C>> rows) {
        TaskData<C> made = task;
        int ngram = options.ngram();
        return rows.map(row -> new Found(row.hash(), Shingles.of(made.text(row.content()), ngram)));
    }
}
