package io.github.sparkfinetune.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;

/** Computation of each rank in a step, as HTML. */
final class RankTable {
    private RankTable() {}

    /** Returns a row for each rank; empty for a single rank. */
    static String of(JsonNode metrics) {
        JsonNode ranks = metrics.path("train").path("ranks");
        if (ranks.isEmpty()) {
            return "";
        }
        StringBuilder html = new StringBuilder("<h2>Ranks</h2>\n")
                .append("<div class=\"scroll\"><table class=\"figures\"><thead><tr><th></th>")
                .append("<th scope=\"col\">ms of a step, p50</th><th scope=\"col\">p99</th></tr></thead><tbody>\n");
        for (JsonNode rank : ranks) {
            html.append("<tr><th scope=\"row\">")
                    .append(Html.escape(rank.path("name").asText()))
                    .append(String.format(
                            Locale.ROOT,
                            "</th><td>%,.0f</td><td>%,.0f</td></tr>\n",
                            1e3 * rank.path("step_seconds_p50").asDouble(),
                            1e3 * rank.path("step_seconds_p99").asDouble()));
        }
        return html.append(
                        "</tbody></table></div>\n<p class=\"note\">Without waiting for the other ranks: the slowest one")
                .append(" sets the pace.</p>")
                .toString();
    }
}
