package io.github.sparkfinetune.report;

import io.github.sparkfinetune.report.html.Figures;
import io.github.sparkfinetune.spark.folder.EvaluationMetrics;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Scores of labels and confused pairs of labels, as HTML; limited to a part if there are many labels. */
final class LabelTables {
    /** Most rows that a reader scrolls through. */
    private static final int MOST_ROWS = 200;

    private LabelTables() {}

    /** Returns the scores of each label or entity type; of many labels, those with the most samples. */
    static String byLabel(Map<String, EvaluationMetrics.LabelScores> labels) {
        if (labels.isEmpty()) {
            return "";
        }
        List<Map.Entry<String, EvaluationMetrics.LabelScores>> rows = new ArrayList<>(labels.entrySet());
        boolean isCut = rows.size() > MOST_ROWS;
        if (isCut) {
            rows.sort(Comparator.comparing(
                    row -> row.getValue().support(), Comparator.nullsLast(Comparator.reverseOrder())));
            rows = rows.subList(0, MOST_ROWS);
        }
        FigureTable table = new FigureTable("", "precision", "recall", "F1", "true");
        rows.forEach(row -> table.row(
                row.getKey(),
                Figures.of("%.3f", row.getValue().precision()),
                Figures.of("%.3f", row.getValue().recall()),
                Figures.of("%.3f", row.getValue().f1()),
                Figures.count(row.getValue().support())));
        return table.html()
                + (isCut
                        ? String.format(
                                Locale.ROOT,
                                "\n<p class=\"note\">The %,d labels with the most samples of %,d; metrics.json has"
                                        + " all.</p>",
                                MOST_ROWS,
                                labels.size())
                        : "");
    }

    /** Returns pairs of a label and the label predicted in its place. */
    static String confusions(List<EvaluationMetrics.Confused> pairs) {
        if (pairs.isEmpty()) {
            return "";
        }
        FigureTable table = new FigureTable("true", "predicted", "samples");
        pairs.forEach(pair -> table.row(pair.label(), pair.predicted(), Figures.count(pair.samples())));
        return "\n<h2>Most frequent confusions</h2>\n" + table.html();
    }
}
