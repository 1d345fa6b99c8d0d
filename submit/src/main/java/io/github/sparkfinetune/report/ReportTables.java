package io.github.sparkfinetune.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.metric.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Figures and tables of the report, as HTML. */
final class ReportTables {
    private static final List<String> HEADLINES = List.of(
            "accuracy",
            "exact_match",
            "f1",
            "f1_micro",
            "f1_macro",
            "pearson",
            "spearmanr",
            "loss",
            "perplexity",
            "rougeL");

    /** Number of labels whose names fit side by side. */
    private static final int FEW_LABELS = 8;

    private ReportTables() {}

    /** Returns the figures at the top. */
    static String tiles(JsonNode metrics) {
        StringBuilder tiles = new StringBuilder();
        for (String metric : HEADLINES) {
            JsonNode base = metrics.path("base").path(metric);
            String format = metric.equals("perplexity") ? "%.2f" : "%.4f";
            tile(
                    tiles,
                    "test " + shown(metric),
                    metrics.path("test").path(metric),
                    format,
                    1,
                    base.isNumber() ? "base " + String.format(Locale.ROOT, format, base.asDouble()) : "");
        }
        JsonNode train = metrics.path("train");
        tile(tiles, "steps", train.path("steps"), "%,.0f", 1, "");
        tile(tiles, "minutes", train.path("seconds"), "%,.1f", 60, "");
        tile(tiles, "samples / s", train.path("samples_per_second"), "%,.1f", 1, "");
        tile(tiles, "tokens / s", train.path("tokens_per_second"), "%,.0f", 1, "");
        tile(tiles, "MB peak", train.path("peak_rss_mb"), "%,.0f", 1, "");
        return tiles.toString();
    }

    /**
     * Returns the measurements on held-out text.
     *
     * @param answers whether the model of the task generates answers
     */
    static String heldOut(JsonNode metrics, boolean answers) {
        if (metrics.path("test").isEmpty()) {
            return "<p class=\"note\">No evaluation yet: <code>finetune evaluate</code> measures the model on held-out"
                    + " text.</p>";
        }
        if (!metrics.path("base").isEmpty()) {
            return comparison(metrics.path("test"), metrics.path("base")) + "\n" + HeldOutSets.of(metrics) + "\n"
                    + (answers ? answers(metrics.path("answers")) : "");
        }
        String table = metrics.has("confusion_matrix")
                ? confusion(metrics.path("confusion_matrix"))
                : LabelTables.byLabel(metrics.path("by_label")) + LabelTables.confusions(metrics.path("confusions"));
        return table + "\n" + otherMetrics(metrics.path("test")) + "\n" + HeldOutSets.of(metrics) + "\n"
                + Examples.of(metrics.path("examples"));
    }

    private static String number(JsonNode value) {
        return String.format(Locale.ROOT, "%.4f", value.asDouble());
    }

    /** Returns a language model's metrics beside the base model's. */
    private static String comparison(JsonNode test, JsonNode base) {
        StringBuilder html = new StringBuilder("<div class=\"scroll\"><table class=\"figures\"><thead><tr><th></th>")
                .append("<th scope=\"col\">trained model</th><th scope=\"col\">base model</th>")
                .append("<th scope=\"col\">change</th></tr></thead><tbody>\n");
        test.fields().forEachRemaining(metric -> {
            JsonNode before = base.path(metric.getKey());
            double change = 100 * (metric.getValue().asDouble() / before.asDouble() - 1);
            html.append("<tr><th scope=\"row\">")
                    .append(Html.escape(shown(metric.getKey())))
                    .append("</th><td>")
                    .append(number(metric.getValue()))
                    .append("</td><td>")
                    .append(before.isNumber() ? number(before) : "–")
                    .append("</td><td>")
                    .append(
                            before.isNumber() && Double.isFinite(change)
                                    ? String.format(Locale.ROOT, "%+.1f\u00a0%%", change)
                                    : "–")
                    .append("</td></tr>\n");
        });
        return html.append("</tbody></table></div>").toString();
    }

    /** Returns the model's answers beside the expected ones. */
    private static String answers(JsonNode answers) {
        if (answers.isEmpty()) {
            return "<p class=\"note\">No answers were generated: <code>generation.eval_samples</code> says for how many"
                    + " held-out prompts they are.</p>";
        }
        StringBuilder html = new StringBuilder("<h2>Answers</h2>\n<div class=\"scroll\"><table class=\"answers\">")
                .append("<thead><tr><th scope=\"col\">prompt</th><th scope=\"col\">reference</th>")
                .append("<th scope=\"col\">trained model</th><th scope=\"col\">base model</th></tr></thead><tbody>\n");
        for (JsonNode answer : answers) {
            html.append("<tr>");
            for (String column : List.of("prompt", "reference", "generated", "base")) {
                html.append("<td>")
                        .append(Html.escape(answer.path(column).asText().strip()))
                        .append("</td>");
            }
            html.append("</tr>\n");
        }
        return html.append("</tbody></table></div>\n<p class=\"note\">The first ")
                .append(answers.size())
                .append(" held-out prompts; predictions.parquet and base-predictions.parquet hold all.</p>")
                .toString();
    }

    /** Returns the test metrics that have no figure at the top. */
    private static String otherMetrics(JsonNode test) {
        List<String> others = new ArrayList<>();
        test.fields().forEachRemaining(metric -> {
            if (!HEADLINES.contains(metric.getKey()) && metric.getValue().isNumber()) {
                others.add(Html.escape(shown(metric.getKey())) + " "
                        + Metric.shown(metric.getKey(), metric.getValue().asDouble()));
            }
        });
        return others.isEmpty() ? "" : "<p class=\"note\">" + String.join(" · ", others) + "</p>";
    }

    private static String shown(String metric) {
        return metric.replace('_', ' ');
    }

    private static void tile(
            StringBuilder tiles, String name, JsonNode value, String format, double unit, String beside) {
        if (value.isNumber()) {
            tiles.append("<div class=\"tile\"><b>")
                    .append(String.format(Locale.ROOT, format, value.asDouble() / unit))
                    .append("</b><span>")
                    .append(Html.escape(name))
                    .append("</span>")
                    .append(beside.isEmpty() ? "" : "<span>" + Html.escape(beside) + "</span>")
                    .append("</div>\n");
        }
    }

    /**
     * Returns the confusion matrix, shaded by the share of the true label, with each label's precision, recall and F1.
     */
    private static String confusion(JsonNode matrix) {
        JsonNode labels = matrix.path("labels");
        JsonNode counts = matrix.path("counts");
        int n = labels.size();
        StringBuilder html = new StringBuilder("<div class=\"scroll\"><table class=\"confusion")
                .append(n > FEW_LABELS ? " many" : "")
                .append("\"><thead><tr><th>true \\ predicted</th>");
        labels.forEach(label -> html.append("<th scope=\"col\"><span>")
                .append(Html.escape(label.asText()))
                .append("</span></th>"));
        html.append("<th class=\"side\">precision</th><th class=\"side\">recall</th><th class=\"side\">F1</th>")
                .append("<th class=\"side\">samples</th></tr></thead><tbody>\n");
        for (int row = 0; row < n; row++) {
            long support = 0;
            long predicted = 0;
            for (int i = 0; i < n; i++) {
                support += counts.path(row).path(i).asLong();
                predicted += counts.path(i).path(row).asLong();
            }
            html.append("<tr><th scope=\"row\">")
                    .append(Html.escape(labels.get(row).asText()))
                    .append("</th>");
            for (int column = 0; column < n; column++) {
                cell(html, counts.path(row).path(column).asLong(), support, row == column);
            }
            long right = counts.path(row).path(row).asLong();
            side(html, share(right, predicted));
            side(html, share(right, support));
            side(html, share(2 * right, predicted + support));
            side(html, String.format(Locale.ROOT, "%,d", support));
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
        return whole == 0 ? "–" : String.format(Locale.ROOT, "%.3f", (double) part / whole);
    }
}
