package io.github.sparkfinetune.spark.ml;

import static org.apache.spark.sql.functions.array_distinct;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.explode;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.xxhash64;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.metric.ClassificationMetrics;
import io.github.sparkfinetune.core.metric.LanguageModelMetrics;
import io.github.sparkfinetune.core.metric.Metrics;
import io.github.sparkfinetune.core.metric.MultiLabelMetrics;
import io.github.sparkfinetune.core.metric.QuestionAnsweringMetrics;
import io.github.sparkfinetune.core.metric.RerankingMetrics;
import io.github.sparkfinetune.core.metric.RetrievalMetrics;
import io.github.sparkfinetune.core.metric.Rouge;
import io.github.sparkfinetune.core.metric.SequenceLabelingMetrics;
import io.github.sparkfinetune.core.metric.SquadScore;
import io.github.sparkfinetune.core.task.RankingColumns;
import io.github.sparkfinetune.spark.ml.stage.ColumnKind;
import io.github.sparkfinetune.spark.predict.ExactRanks;
import java.io.Serializable;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.apache.spark.ml.functions;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;

/**
 * Comparison of predictions with labels, of which more is better by each metric.
 *
 * @param metrics names of the metrics; the first is the default
 * @param label types that labels may have
 * @param prediction types that predictions may have
 * @param query types that queries may have, if the comparison needs them
 * @param complete whether a row is left out that lacks a value
 * @param measured computes the metrics of rows with the columns {@value #LABEL}, {@value #PREDICTION} and, if needed,
 *     {@value #QUERY}
 */
record Comparison(
        List<String> metrics,
        ColumnKind label,
        ColumnKind prediction,
        Optional<ColumnKind> query,
        boolean complete,
        Function<Dataset<Row>, Metrics> measured) {
    static final String LABEL = "label";
    static final String PREDICTION = "prediction";
    static final String QUERY = "query";

    private static final Rouge ROUGE = new Rouge(true);
    private static final String QUERY_ID = "query_id";
    private static final String LABEL_ID = "label_id";

    /** Labels of texts or numbers. */
    static Comparison ofLabels() {
        return new Comparison(
                List.of("accuracy", "f1_macro", "f1_weighted", "precision_macro", "recall_macro", "mcc"),
                ColumnKind.LABEL,
                ColumnKind.LABEL,
                Optional.empty(),
                true,
                rows -> {
                    List<String> labels =
                            names(named(rows).select(LABEL).union(named(rows).select(PREDICTION)));
                    Map<String, Integer> ids = ids(labels);
                    return counted(
                            named(rows),
                            () -> new ClassificationMetrics(labels),
                            (metrics, row) -> metrics.add(
                                    ids.get(row.getString(0)),
                                    ids.get(row.getString(1)),
                                    new double[labels.size()],
                                    0));
                });
    }

    /** Returns the labels as texts; equal numbers of different types are equal. */
    private static Dataset<Row> named(Dataset<Row> rows) {
        return rows.select(name(rows, LABEL), name(rows, PREDICTION));
    }

    private static Column name(Dataset<Row> rows, String column) {
        boolean text = ColumnKind.isText(rows.schema().apply(column).dataType());
        return (text ? col(column) : col(column).cast("double").cast("string")).as(column);
    }

    /** Several labels per row. */
    static Comparison ofManyLabels() {
        return new Comparison(
                List.of(
                        "f1_micro",
                        "f1_macro",
                        "f1_weighted",
                        "f1_samples",
                        "precision_micro",
                        "precision_macro",
                        "recall_micro",
                        "recall_macro",
                        "subset_accuracy"),
                ColumnKind.LABELS,
                ColumnKind.LABELS,
                Optional.empty(),
                true,
                rows -> {
                    List<String> labels = names(elements(rows));
                    return counted(
                            rows,
                            () -> new MultiLabelMetrics(labels),
                            (metrics, row) -> addLabels(
                                    metrics,
                                    labels,
                                    new HashSet<>(row.getList(row.fieldIndex(LABEL))),
                                    new HashSet<>(row.getList(row.fieldIndex(PREDICTION)))));
                });
    }

    private static void addLabels(
            MultiLabelMetrics metrics, List<String> labels, Set<String> label, Set<String> prediction) {
        boolean[] truth = new boolean[labels.size()];
        double[] predicted = new double[labels.size()];
        for (int id = 0; id < truth.length; id++) {
            truth[id] = label.contains(labels.get(id));
            predicted[id] = prediction.contains(labels.get(id)) ? 1 : 0;
        }
        metrics.add(truth, predicted, 0);
    }

    /** Tags of words. */
    static Comparison ofTags() {
        return new Comparison(
                List.of(
                        "f1",
                        "accuracy",
                        "precision",
                        "recall",
                        "f1_macro",
                        "f1_weighted",
                        "precision_strict",
                        "recall_strict",
                        "f1_strict"),
                ColumnKind.LABELS,
                ColumnKind.LABELS,
                Optional.empty(),
                true,
                rows -> {
                    requireEqualLengths(rows);
                    List<String> labels = names(elements(rows));
                    return counted(
                            rows,
                            () -> new SequenceLabelingMetrics(labels),
                            (metrics, row) -> metrics.add(
                                    row.getList(row.fieldIndex(LABEL)), row.getList(row.fieldIndex(PREDICTION)), 0));
                });
    }

    private static void requireEqualLengths(Dataset<Row> rows) {
        List<Row> wrong = rows.select(
                        size(col(LABEL)).as(LABEL), size(col(PREDICTION)).as(PREDICTION))
                .where(col(LABEL).notEqual(col(PREDICTION)))
                .takeAsList(1);
        if (!wrong.isEmpty()) {
            throw RunException.data("a row has " + wrong.get(0).getInt(0) + " tags and "
                    + wrong.get(0).getInt(1) + " predicted tags: predict with the words that the tags belong to");
        }
    }

    /** Answers found in texts. A row without a prediction, or whose label has no text, is one without an answer. */
    static Comparison ofAnswers() {
        return new Comparison(
                List.of("f1", "exact_match"),
                ColumnKind.ANSWERS,
                ColumnKind.TEXT,
                Optional.empty(),
                false,
                rows -> counted(
                        rows.select(col(LABEL).getField("text").as(LABEL), col(PREDICTION)),
                        () -> new QuestionAnsweringMetrics(0),
                        (metrics, row) -> metrics.add(SquadScore.of(
                                row.isNullAt(1) ? "" : row.getString(1),
                                row.isNullAt(0) ? List.of() : row.getList(0)))));
    }

    /** Generated texts. */
    static Comparison ofTexts() {
        return new Comparison(
                List.of("rougeL", "rouge1", "rouge2"),
                ColumnKind.TEXT,
                ColumnKind.TEXT,
                Optional.empty(),
                true,
                rows -> counted(rows, LanguageModelMetrics::new, (metrics, row) -> {
                    Rouge.Scores scores = ROUGE.score(row.getAs(LABEL), row.getAs(PREDICTION));
                    metrics.addAnswer(
                            scores.rouge1().f1(),
                            scores.rouge2().f1(),
                            scores.rougeL().f1());
                }));
    }

    /** Scores of documents for their query. */
    static Comparison ofScores() {
        return new Comparison(
                List.of("ndcg_at_10", "mrr_at_10", "average_precision"),
                ColumnKind.NUMBER,
                ColumnKind.NUMBER,
                Optional.of(ColumnKind.TEXT),
                true,
                rows -> counted(
                        rows.select(
                                col(QUERY),
                                col(PREDICTION).cast("double"),
                                col(LABEL).cast("double")),
                        RerankingMetrics::new,
                        (metrics, row) -> {
                            metrics.add(0);
                            metrics.add(row.getString(0), row.getDouble(1), row.getDouble(2));
                        }));
    }

    /** Vectors of queries (predictions) and of the documents that belong to them (labels). */
    static Comparison ofVectors() {
        return new Comparison(
                List.of("ndcg_at_10", "mrr_at_10", "recall_at_1", "recall_at_10", "recall_at_100"),
                ColumnKind.VECTOR,
                ColumnKind.VECTOR,
                Optional.empty(),
                true,
                rows -> {
                    Dataset<Row> vectors = rows.select(vector(rows, LABEL), vector(rows, PREDICTION))
                            .withColumn(LABEL_ID, xxhash64(col(LABEL)))
                            .withColumn(QUERY_ID, xxhash64(col(PREDICTION)));
                    Dataset<Row> ranked =
                            ExactRanks.of(vectors, new RankingColumns(QUERY_ID, PREDICTION, LABEL_ID, LABEL, 1));
                    return counted(
                            ranked.select("ranks"),
                            RetrievalMetrics::new,
                            (metrics, row) -> metrics.add(
                                    0,
                                    row.<Double>getList(0).stream()
                                            .mapToDouble(Double::doubleValue)
                                            .toArray()));
                });
    }

    private static Column vector(Dataset<Row> rows, String name) {
        DataType type = rows.schema().apply(name).dataType();
        Column values = type instanceof ArrayType ? col(name) : functions.vector_to_array(col(name), "float32");
        return values.cast("array<float>").as(name);
    }

    private static Dataset<Row> elements(Dataset<Row> rows) {
        return rows.select(explode(array_distinct(col(LABEL))))
                .union(rows.select(explode(array_distinct(col(PREDICTION)))));
    }

    private static List<String> names(Dataset<Row> values) {
        return values.distinct().collectAsList().stream()
                .map(row -> row.getString(0))
                .sorted()
                .toList();
    }

    private static Map<String, Integer> ids(List<String> labels) {
        Map<String, Integer> ids = new HashMap<>();
        labels.forEach(label -> ids.put(label, ids.size()));
        return ids;
    }

    /** Metrics without rows. */
    private interface None<M extends Metrics> extends Serializable {
        M get();
    }

    /** Counting of a row. */
    private interface Count<M extends Metrics> extends Serializable {
        void add(M metrics, Row row);
    }

    private static <M extends Metrics> Metrics counted(Dataset<Row> rows, None<M> none, Count<M> count) {
        double[][] whole = rows.toJavaRDD()
                .mapPartitions(part ->
                        Collections.singleton(counted(part, none.get(), count)).iterator())
                .treeAggregate(numbers(none.get()), (a, b) -> sum(none.get(), a, b), (a, b) -> sum(none.get(), a, b));
        return none.get().of(whole[0], whole[1]);
    }

    private static <M extends Metrics> double[][] counted(Iterator<Row> rows, M metrics, Count<M> count) {
        rows.forEachRemaining(row -> count.add(metrics, row));
        return numbers(metrics);
    }

    private static double[][] sum(Metrics none, double[][] a, double[][] b) {
        return numbers(none.ofParts(List.of(a[0], b[0]), List.of(a[1], b[1])));
    }

    private static double[][] numbers(Metrics metrics) {
        return new double[][] {metrics.counts(), metrics.observations()};
    }
}
