package io.github.sparkfinetune.spark.corpus;

import io.github.sparkfinetune.data.corpus.similar.Shingles;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.catalyst.InternalRow;
import scala.Tuple2;

/**
 * Pairs of a partition with the exact similarity of their shingles. A pair lies where its node lies. The shingles of
 * the parents come from {@link ShingleRequests}: those of a document that is the parent of a million pairs travel once
 * to each partition, and its pairs are compared in all of them. The row of a pair never holds shingles.
 *
 * <p>A task holds the shingles of the documents of its partition. Pairs and requested shingles pass in the order of the
 * parents.
 */
final class PairSimilarity extends Lookahead<Row> {
    private final double threshold;
    private final Map<DocumentId, byte[]> nodes = new HashMap<>();
    private final Opened opened;
    private DocumentId parent;
    private byte[] shingles;

    /** Pairs of a partition, and the shingles of their parents. */
    private record Opened(Iterator<InternalRow> pairs, Iterator<Tuple2<byte[], byte[]>> parents) {}

    private PairSimilarity(double threshold, Opened opened, Iterator<InternalRow> documents) {
        this.threshold = threshold;
        this.opened = opened;
        documents.forEachRemaining(row -> {
            InternalRows.Shingled document = InternalRows.Shingled.of(row);
            nodes.put(document.document(), document.shingles());
        });
    }

    /**
     * Returns the pairs whose similarity reaches a threshold.
     *
     * @param pairs rows of {@link Edges}, distinct, partitioned by the node
     * @param documents id and shingles of each document in a pair, in as many partitions by the id, sorted by the id
     */
    static Dataset<Row> atLeast(double threshold, SparkSession spark, Dataset<Row> pairs, Dataset<Row> documents) {
        JavaRDD<InternalRow> byParent = rows(pairs.sortWithinPartitions(Edges.columns(Edges.PARENT)));
        JavaRDD<InternalRow> shingles = rows(documents);
        JavaRDD<Row> similar = byParent.zipPartitions(
                        ShingleRequests.answered(spark, byParent, shingles),
                        (edges, parents) -> List.of(new Opened(edges, parents)).iterator())
                .zipPartitions(shingles, (opened, nodes) -> new PairSimilarity(threshold, opened.next(), nodes));
        return spark.createDataFrame(similar, Edges.SCHEMA);
    }

    private static JavaRDD<InternalRow> rows(Dataset<Row> dataset) {
        return dataset.queryExecution().toRdd().toJavaRDD();
    }

    @Override
    protected Row advance() {
        while (opened.pairs().hasNext()) {
            InternalRows.Edge pair = InternalRows.Edge.of(opened.pairs().next());
            while (!pair.parent().equals(parent)) {
                Tuple2<byte[], byte[]> found = opened.parents().next();
                parent = ShingleRequests.parent(found._1());
                shingles = found._2();
            }
            if (Shingles.jaccard(shingles, nodes.get(pair.node())) >= threshold) {
                return Edges.row(pair.node(), pair.parent());
            }
        }
        return null;
    }
}
