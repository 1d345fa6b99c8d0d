package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.rank.Queries;
import io.github.sparkfinetune.core.rank.RankedQuery;
import io.github.sparkfinetune.core.rank.UnitVectors;
import io.github.sparkfinetune.core.task.RankingColumns;
import io.github.sparkfinetune.core.task.RowType;
import io.github.sparkfinetune.spark.row.Rows;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;

/**
 * Ranks of the documents that belong to queries, among all distinct documents of a split. Queries are sent to the
 * partitions of the documents in parts of about {@value #PART_BYTES} bytes. Each partition counts its documents that
 * come before those of a query, and the counts are added. So nothing is approximate, and no machine needs all vectors.
 */
public final class ExactRanks {
    private static final int PART_BYTES = 64 << 20;
    private static final String RELEVANT = "relevant";
    private static final RowType<RankedQuery> TYPE = RowType.of(RankedQuery.class);

    private ExactRanks() {}

    /**
     * Returns a {@link RankedQuery} per query.
     *
     * @param pairs rows of an evaluation
     */
    public static Dataset<Row> of(Dataset<Row> pairs, RankingColumns columns) {
        SparkSession session = pairs.sparkSession();
        JavaSparkContext spark = new JavaSparkContext(session.sparkContext());
        JavaRDD<UnitVectors> documents = VectorRows.blocks(
                pairs.groupBy(functions.col(columns.documentId()).as(VectorRows.ID))
                        .agg(functions.first(columns.document()).as(VectorRows.VECTOR)));
        try {
            List<Row> ranked = new ArrayList<>();
            Iterator<Row> queries = pairs.groupBy(functions.col(columns.queryId()))
                    .agg(
                            functions.first(columns.query()).as(VectorRows.VECTOR),
                            functions
                                    .collect_list(functions.struct(
                                            functions.col(columns.documentId()).as(VectorRows.ID),
                                            functions.col(columns.document()).as(VectorRows.VECTOR)))
                                    .as(RELEVANT))
                    .toLocalIterator();
            while (queries.hasNext()) {
                ranked(part(queries, columns.scale()), documents, spark)
                        .forEach(query -> ranked.add(Rows.row(TYPE, query)));
            }
            return session.createDataFrame(ranked, Rows.schema(TYPE));
        } finally {
            documents.unpersist(false);
        }
    }

    private static List<RankedQuery> ranked(Queries queries, JavaRDD<UnitVectors> documents, JavaSparkContext spark) {
        Broadcast<Queries> sent = spark.broadcast(queries);
        try {
            double[][] counts = documents
                    .map(block -> sent.value().counts(block))
                    .treeAggregate(
                            queries.counts(new UnitVectors(new long[0], new float[0], 0)), Queries::sum, Queries::sum);
            return queries.ranked(counts);
        } finally {
            sent.destroy();
        }
    }

    /** Takes queries until their vectors and those of their documents fill a part. */
    private static Queries part(Iterator<Row> rows, double scale) {
        Queries queries = new Queries(scale);
        long bytes = 0;
        while (rows.hasNext() && bytes < PART_BYTES) {
            Row row = rows.next();
            float[] query = VectorRows.unit(row);
            List<Row> relevant = row.getList(row.fieldIndex(RELEVANT));
            queries.add(query, VectorRows.of(relevant));
            bytes += (1L + relevant.size()) * query.length * Float.BYTES;
        }
        return queries;
    }
}
