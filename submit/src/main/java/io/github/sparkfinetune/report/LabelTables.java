package io.github.sparkfinetune.report;

import com.fasterxml.jackson.databind.JsonNode;
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
    static String byLabel(JsonNode labels) {
        if (labels.isEmpty()) {
            return "";
        }
        List<Map.Entry<String, JsonNode>> rows = new ArrayList<>();
        labels.fields().forEachRemaining(rows::add);
        boolean isCut = rows.size() > MOST_ROWS;
        if (isCut) {
            rows.sort(Comparator.comparingLong(row -> -support(row.getValue())));
            rows = rows.subList(0, MOST_ROWS);
        }
        StringBuilder html = new StringBuilder("<div class=\"scroll\"><table class=\"figures\"><thead><tr><th></th>")
                .append("<th scope=\"col\">precision</th><th scope=\"col\">recall</th><th scope=\"col\">F1</th>")
                .append("<th scope=\"col\">true</th></tr></thead><tbody>\n");
        for (Map.Entry<String, JsonNode> row : rows) {
            html.append("<tr><th scope=\"row\">")
                    .append(Html.escape(row.getKey()))
                    .append("</th>");
            for (String score : List.of("precision", "recall", "f1")) {
                html.append(String.format(
                        Locale.ROOT, "<td>%.3f</td>", row.getValue().path(score).asDouble()));
            }
            html.append(String.format(Locale.ROOT, "<td>%,d</td></tr>\n", support(row.getValue())));
        }
        html.append("</tbody></table></div>");
        if (isCut) {
            html.append(String.format(
                    Locale.ROOT,
                    "\n<p class=\"note\">The %,d labels with the most samples of %,d; metrics.json has all.</p>",
                    MOST_ROWS,
                    labels.size()));
        }
        return html.toString();
    }

    private static long support(JsonNode scores) {
        return scores.path("support").asLong();
    }

    /** Returns pairs of a label and the label predicted in its place. */
    static String confusions(JsonNode pairs) {
        if (pairs.isEmpty()) {
            return "";
        }
        StringBuilder html = new StringBuilder("\n<h2>Most frequent confusions</h2>\n<div class=\"scroll\">")
                .append("<table class=\"figures\"><thead><tr><th scope=\"col\">true</th>")
                .append("<th scope=\"col\">predicted</th><th scope=\"col\">samples</th></tr></thead><tbody>\n");
        for (JsonNode pair : pairs) {
            html.append("<tr><th scope=\"row\">")
                    .append(Html.escape(pair.path("label").asText()))
                    .append("</th><td>")
                    .append(Html.escape(pair.path("predicted").asText()))
                    .append(String.format(
                            Locale.ROOT,
                            "</td><td>%,d</td></tr>\n",
                            pair.path("samples").asLong()));
        }
        return html.append("</tbody></table></div>").toString();
    }
}
