package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.task.ExampleColumns;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;

/** Predictions for the report: the most informative ones, which are the same in every run. */
final class ShownExamples {
    private static final int RIGHT = 4;
    private static final int WRONG = 8;
    private static final int UNCERTAIN = 4;
    /** Most characters of a text. */
    private static final int CHARACTERS = 600;
    /** Most words of a text with tags. */
    private static final int WORDS = 120;

    private static final String TEXT = "text";
    private static final String SECOND = "second";
    private static final String EXPECTED = "expected";
    private static final String PREDICTED = "predicted";
    private static final String SCORE = "score";

    private ShownExamples() {}

    /**
     * Returns the first right predictions, the wrong predictions with the highest loss, and the predictions with the
     * lowest score.
     *
     * @param keys columns that order the rows
     */
    static List<Scores.Example> of(ExampleColumns columns, List<String> keys, Dataset<Row> predictions) {
        Column right = columns.correct()
                .map(column -> functions.col(column).equalTo(1))
                .orElse(functions.col(columns.expected()).eqNullSafe(functions.col(columns.predicted())));
        Column[] order = keys.stream().map(functions::col).toArray(Column[]::new);
        List<Scores.Example> shown = new ArrayList<>();
        shown.addAll(first(columns, Scores.Group.WRONG, predictions.where(functions.not(right)), WRONG, loss(), order));
        columns.score()
                .ifPresent(score -> shown.addAll(first(
                        columns,
                        Scores.Group.UNCERTAIN,
                        predictions,
                        UNCERTAIN,
                        functions.col(score).asc_nulls_last(),
                        order)));
        shown.addAll(first(columns, Scores.Group.RIGHT, predictions.where(right), RIGHT, order[0], order));
        return shown;
    }

    private static Column loss() {
        return functions.col("loss").desc();
    }

    private static List<Scores.Example> first(
            ExampleColumns columns, Scores.Group group, Dataset<Row> rows, int count, Column by, Column[] order) {
        Column[] all = Stream.concat(Stream.of(by), Stream.of(order)).toArray(Column[]::new);
        return rows
                .orderBy(all)
                .limit(count)
                .select(
                        functions.col(columns.text()).as(TEXT),
                        functions.col(columns.expected()).as(EXPECTED),
                        functions.col(columns.predicted()).as(PREDICTED),
                        columns.score()
                                .map(functions::col)
                                .orElse(functions.lit(null))
                                .cast("double")
                                .as(SCORE),
                        columns.second()
                                .map(functions::col)
                                .orElse(functions.lit(null))
                                .cast("string")
                                .as(SECOND))
                .collectAsList()
                .stream()
                .map(row -> new Scores.Example(
                        group,
                        Stream.of(texts(row, TEXT), texts(row, SECOND))
                                .flatMap(List::stream)
                                .toList(),
                        texts(row, EXPECTED),
                        texts(row, PREDICTED),
                        row.getAs(SCORE)))
                .toList();
    }

    private static List<String> texts(Row row, String name) {
        int column = row.fieldIndex(name);
        if (row.isNullAt(column)) {
            return List.of();
        }
        if (row.schema().apply(column).dataType() instanceof ArrayType) {
            return row.<String>getList(column).stream().limit(WORDS).toList();
        }
        String text = String.valueOf(row.get(column));
        int shown = Math.min(CHARACTERS, text.codePointCount(0, text.length()));
        int end = text.offsetByCodePoints(0, shown);
        return List.of(end == text.length() ? text : text.substring(0, end) + "…");
    }
}
