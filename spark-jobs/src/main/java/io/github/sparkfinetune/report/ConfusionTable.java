package io.github.sparkfinetune.report;

import io.github.sparkfinetune.report.html.Figures;
import io.github.sparkfinetune.report.html.Html;
import io.github.sparkfinetune.spark.folder.EvaluationMetrics;
import java.util.List;
import java.util.Locale;

/** Confusion matrix as HTML, shaded by the share of the true label, with each label's precision, recall and F1. */
final class ConfusionTable {
    /** Number of labels whose names fit side by side. */
    private static final int FEW_LABELS = 8;

    private ConfusionTable() {}

    /** @param matrix a complete matrix */
    static String of(EvaluationMetrics.ConfusionMatrix matrix) {
        List<String> labels = matrix.labels();
        long[][] counts = matrix.counts();
        int n = labels.size();
        StringBuilder html = new StringBuilder("<div class=\"scroll\"><table class=\"confusion")
                .append(n > FEW_LABELS ? " many" : "")
                .append("\"><thead><tr><th>true \\ predicted</th>");
        labels.forEach(label -> html.append("<th scope=\"col\"><span>")
                .append(Html.escape(label))
                .append("</span></th>"));
        html.append("<th class=\"side\">precision</th><th class=\"side\">recall</th><th class=\"side\">F1</th>")
                .append("<th class=\"side\">samples</th></tr></thead><tbody>\n");
        for (int row = 0; row < n; row++) {
            long support = 0;
            long predicted = 0;
            for (int i = 0; i < n; i++) {
                support += counts[row][i];
                predicted += counts[i][row];
            }
            html.append("<tr><th scope=\"row\">")
                    .append(Html.escape(labels.get(row)))
                    .append("</th>");
            for (int column = 0; column < n; column++) {
                cell(html, counts[row][column], support, row == column);
            }
            long right = counts[row][row];
            side(html, share(right, predicted));
            side(html, share(right, support));
            side(html, share(2 * right, predicted + support));
            side(html, Figures.count(support));
            html.append("</tr>\n");
        }
        return html.append("</tbody></table></div>").toString();
    }

    private static void cell(StringBuilder html, long count, long support, boolean right) {
        double share = support == 0 ? 0 : (double) count / support;
        html.append(String.format(
                Locale.ROOT,
                "<td class=\"%s%s\" style=\"--share:%.3f\" title=\"%.1f %% of the true label\">%,d</td>",
                right ? "right" : "wrong",
                share > 0.5 ? " strong" : "",
                // The square root makes the few errors visible.
                right ? share : Math.sqrt(share),
                100 * share,
                count));
    }

    private static void side(StringBuilder html, String text) {
        html.append("<td class=\"side\">").append(text).append("</td>");
    }

    private static String share(long part, long whole) {
        return whole == 0 ? Figures.NONE : String.format(Locale.ROOT, "%.3f", (double) part / whole);
    }
}
