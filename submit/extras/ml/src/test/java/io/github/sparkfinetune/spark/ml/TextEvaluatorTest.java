package io.github.sparkfinetune.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The metrics of columns equal those of the reference libraries. */
@Timeout(600)
class TextEvaluatorTest extends SparkMlTest {
    private static final double TOLERANCE = 1e-9;

    private static List<JsonNode> golden(String section) throws IOException {
        JsonNode all = new ObjectMapper()
                .readTree(MODELS.resolveSibling("metrics.json").toFile());
        List<JsonNode> cases =
                StreamSupport.stream(all.get(section).spliterator(), false).toList();
        assertThat(cases).isNotEmpty();
        return cases;
    }

    private static Dataset<Row> frame(String columns, List<Row> rows) {
        return frame(StructType.fromDDL(columns), rows).repartition(3);
    }

    private static Dataset<Row> frame(String columns, Row... rows) {
        return frame(columns, Arrays.asList(rows));
    }

    private static String[] texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(one -> texts.add(one.textValue()));
        return texts.toArray(String[]::new);
    }

    private static void close(TextEvaluator evaluator, Dataset<Row> rows, Map<String, Double> expected) {
        expected.forEach(
                (name, value) -> assertThat(evaluator.setMetricName(name).evaluate(rows))
                        .as(name)
                        .isCloseTo(value, within(TOLERANCE)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"STRING", "DOUBLE", "INT"})
    void labelsAreTextsOrNumbers(String type) throws IOException {
        JsonNode expected = golden("classification").get(1);
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < expected.get("y_true").size(); i++) {
            int label = expected.get("y_true").get(i).intValue();
            int predicted = expected.get("y_pred").get(i).intValue();
            rows.add(
                    switch (type) {
                        case "STRING" -> RowFactory.create("of " + label, "of " + predicted);
                        case "DOUBLE" -> RowFactory.create((double) label, (double) predicted);
                        // A classifier predicts doubles; labels may be integers.
                        default -> RowFactory.create(label, (double) predicted);
                    });
        }
        rows.add(RowFactory.create(null, rows.get(0).get(1)));
        rows.add(RowFactory.create(rows.get(0).get(0), null));
        Dataset<Row> frame = frame("label " + type + ", prediction " + (type.equals("INT") ? "DOUBLE" : type), rows);

        assertThat(new TextEvaluator().evaluate(frame))
                .isCloseTo(expected.get("accuracy").doubleValue(), within(TOLERANCE));
        close(
                new TextEvaluator(),
                frame,
                Map.of(
                        "accuracy", expected.get("accuracy").doubleValue(),
                        "mcc", expected.get("mcc").doubleValue(),
                        "f1_macro", expected.at("/macro/f1").doubleValue(),
                        "precision_macro", expected.at("/macro/precision").doubleValue(),
                        "recall_macro", expected.at("/macro/recall").doubleValue(),
                        "f1_weighted", expected.at("/weighted/f1").doubleValue()));
    }

    /** The values are those of scikit-learn's metrics of the indicator matrices. */
    @Test
    void rowsMayHaveSeveralLabels() {
        Dataset<Row> rows = frame(
                "kinds ARRAY<STRING>, prediction ARRAY<STRING>",
                RowFactory.create(new String[] {"a", "b"}, new String[] {"b"}),
                RowFactory.create(new String[] {"c"}, new String[] {"c"}),
                RowFactory.create(new String[] {}, new String[] {"a"}),
                RowFactory.create(new String[] {}, new String[] {}));

        TextEvaluator evaluator = new TextEvaluator().setLabelCol("kinds");
        assertThat(evaluator.evaluate(rows)).isCloseTo(2.0 / 3, within(TOLERANCE));
        close(
                evaluator,
                rows,
                Map.of(
                        "f1_micro", 2.0 / 3,
                        "f1_macro", 2.0 / 3,
                        "f1_samples", (2.0 / 3 + 1) / 4,
                        "precision_micro", 2.0 / 3,
                        "recall_micro", 2.0 / 3,
                        "subset_accuracy", 0.5));
    }

    @Test
    void tagsAreEntities() throws IOException {
        for (JsonNode expected : golden("seqeval")) {
            List<Row> rows = new ArrayList<>();
            for (int i = 0; i < expected.get("y_true").size(); i++) {
                rows.add(RowFactory.create(
                        texts(expected.get("y_true").get(i)),
                        texts(expected.get("y_pred").get(i))));
            }
            close(
                    new TextEvaluator().setTask("token-classification"),
                    frame("label ARRAY<STRING>, prediction ARRAY<STRING>", rows),
                    Map.of(
                            "accuracy", expected.get("accuracy").doubleValue(),
                            "f1", expected.at("/default/micro/f1").doubleValue(),
                            "f1_weighted", expected.at("/default/weighted/f1").doubleValue(),
                            "f1_strict", expected.at("/strict/micro/f1").doubleValue()));
        }
    }

    @Test
    void answersAreSquads() throws IOException {
        List<JsonNode> cases = golden("squad");
        List<Row> rows = new ArrayList<>();
        for (JsonNode one : cases) {
            String[] golds = texts(one.get("golds"));
            rows.add(RowFactory.create(
                    RowFactory.create(golds, new Integer[golds.length]),
                    one.get("prediction").textValue()));
        }
        // Questions without an answer: one right, one wrong.
        rows.add(RowFactory.create(RowFactory.create(new String[0], new Integer[0]), null));
        rows.add(RowFactory.create(null, "something"));
        double exact = 1
                + cases.stream()
                        .mapToDouble(one -> one.get("exact").doubleValue())
                        .sum();
        double f1 = 1
                + cases.stream().mapToDouble(one -> one.get("f1").doubleValue()).sum();

        close(
                new TextEvaluator().setTask("question-answering"),
                frame("label STRUCT<text: ARRAY<STRING>, answer_start: ARRAY<INT>>, prediction STRING", rows),
                Map.of("exact_match", 100 * exact / rows.size(), "f1", 100 * f1 / rows.size()));
    }

    @Test
    void textsAreScoredByRouge() throws IOException {
        List<JsonNode> cases = golden("rouge");
        List<Row> rows = cases.stream()
                .map(one -> RowFactory.create(
                        one.get("target").textValue(), one.get("prediction").textValue()))
                .toList();
        Map<String, Double> expected = new HashMap<>();
        for (String name : List.of("rouge1", "rouge2", "rougeL")) {
            expected.put(
                    name,
                    cases.stream()
                            .mapToDouble(
                                    one -> one.at("/stemmed/" + name + "/f1").doubleValue())
                            .average()
                            .orElseThrow());
        }
        close(new TextEvaluator().setTask("sft"), frame("label STRING, prediction STRING", rows), expected);
    }

    @Test
    void scoresRankTheDocumentsOfAQuery() {
        Dataset<Row> rows = frame(
                "question STRING, label DOUBLE, prediction DOUBLE",
                RowFactory.create("first", 1.0, 0.4),
                RowFactory.create("first", 0.0, 0.9),
                RowFactory.create("second", 1.0, 0.8),
                RowFactory.create("second", 0.0, 0.1));

        close(
                new TextEvaluator().setTask("reranking").setQueryCol("question"),
                rows,
                Map.of("mrr_at_10", (0.5 + 1) / 2, "ndcg_at_10", (Math.log(2) / Math.log(3) + 1) / 2));
    }

    @Test
    void vectorsOfQueriesRankAllDocuments() {
        double[] north = {0, 1};
        double[] northEast = {1, 1};
        double[] east = {1, 0};
        List<Row> vectors = new ArrayList<>();
        List<Row> arrays = new ArrayList<>();
        // Documents, then queries; the document of the last query is farther from it than both others.
        for (double[][] pair : new double[][][] {{north, {0.1, 1}}, {northEast, {0.9, 1}}, {east, {-0.1, 1}}}) {
            vectors.add(RowFactory.create(Vectors.dense(pair[0]), Vectors.dense(pair[1])));
            arrays.add(RowFactory.create(pair[0], pair[1]));
        }
        StructType schema =
                new StructType().add("label", SQLDataTypes.VectorType()).add("prediction", SQLDataTypes.VectorType());
        Map<String, Double> expected = Map.of(
                "recall_at_1", 2 / 3.0, "recall_at_10", 1.0, "mrr_at_10", (1 + 1 + 1 / 3.0) / 3, "ndcg_at_10", 2.5 / 3);

        TextEvaluator evaluator = new TextEvaluator().setTask("embedding");
        close(evaluator, frame(schema, vectors), expected);
        close(evaluator, frame("label ARRAY<DOUBLE>, prediction ARRAY<DOUBLE>", arrays), expected);
    }

    @Test
    void refusesInOneLine() {
        Dataset<Row> rows = frame("label STRING, prediction STRING, id INT", RowFactory.create("a", "b", 1));

        refused(new TextEvaluator("uid").setTask("tagging"), rows, "uid: task is tagging: set it to one of classif");
        refused(
                new TextEvaluator("uid").setMetricName("f1"),
                rows,
                "uid: metricName is f1: for classification set it to one of accuracy, f1_macro,");
        refused(
                new TextEvaluator("uid").setPredictionCol("id"),
                rows,
                "uid: column label is string, column id is int: both must be texts, or both numbers");
        refused(new TextEvaluator("uid").setLabelCol("labels"), rows, "uid: labelCol: there is no column labels");
        refused(
                new TextEvaluator("uid").setTask("sft").setPredictionCol("id"),
                rows,
                "uid: predictionCol: column id is int, it must be string");
        refused(
                new TextEvaluator("uid").setTask("reranking"),
                rows,
                "uid: labelCol: column label is string, it must be a number");
        refused(new TextEvaluator("uid"), rows.where("false"), "uid: no row has a value in each of the columns label");
        refused(
                new TextEvaluator("uid").setTask("token-classification").setMetricName("f1_strict"),
                frame(
                        "label ARRAY<STRING>, prediction ARRAY<STRING>",
                        RowFactory.create(new String[] {"NOUN"}, new String[] {"NOUN"})),
                "uid: f1_strict is not defined for these rows: set metricName to one of f1, accuracy");
        refused(
                new TextEvaluator("uid").setTask("token-classification"),
                frame(
                        "label ARRAY<STRING>, prediction ARRAY<STRING>",
                        RowFactory.create(new String[] {"O", "O"}, new String[] {"O"})),
                "a row has 2 tags and 1 predicted tags");
    }

    private static void refused(TextEvaluator evaluator, Dataset<Row> rows, String message) {
        assertThatThrownBy(() -> evaluator.evaluate(rows))
                .isInstanceOf(RunException.class)
                .hasMessageStartingWith(message)
                .message()
                .doesNotContain("\n");
    }

    @Test
    void isSavedAndLoaded() throws IOException {
        String path = dir.resolve("evaluator").toString();
        new TextEvaluator("uid").setTask("sft").setMetricName("rouge2").save(path);

        TextEvaluator loaded = TextEvaluator.load(path);

        assertThat(loaded.uid()).isEqualTo("uid");
        assertThat(loaded.explainParams()).contains("current: sft").contains("current: rouge2");
        assertThat(loaded.isLargerBetter()).isTrue();
    }
}
