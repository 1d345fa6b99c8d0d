package io.github.sparkfinetune.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.sparkfinetune.core.metric.Metric;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** Gains on the run's held-out text and losses on other held-out sets, as HTML. */
final class HeldOutSets {
    private HeldOutSets() {}

    /**
     * Returns a row for each set: perplexity of the base model and of the trained model if measured, else all metrics.
     */
    static String of(JsonNode metrics) {
        JsonNode heldOut = metrics.path("held_out");
        if (heldOut.isEmpty()) {
            return "";
        }
        Map<String, JsonNode[]> sets = new LinkedHashMap<>();
        sets.put("its own", new JsonNode[] {metrics.path("base"), metrics.path("test")});
        heldOut.fields()
                .forEachRemaining(set -> sets.put(set.getKey(), new JsonNode[] {
                    set.getValue().path("base"), set.getValue().path("metrics")
                }));
        boolean compared = sets.values().stream().allMatch(set -> !set[0].isEmpty());
        return "<h2>" + (compared ? "Forgetting" : "Held-out sets") + "</h2>\n"
                + (compared ? perplexities(sets) : figures(sets));
    }

    private static String perplexities(Map<String, JsonNode[]> sets) {
        StringBuilder html = new StringBuilder(
                        "<div class=\"scroll\"><table class=\"figures\"><thead><tr><th>text</th>")
                .append("<th scope=\"col\">perplexity before</th><th scope=\"col\">after</th>")
                .append("<th scope=\"col\">change</th></tr></thead><tbody>\n");
        sets.forEach((name, set) -> {
            double before = set[0].path("perplexity").asDouble();
            double after = set[1].path("perplexity").asDouble();
            html.append("<tr><th scope=\"row\">")
                    .append(Html.escape(name))
                    .append(String.format(
                            Locale.ROOT,
                            "</th><td>%.2f</td><td>%.2f</td><td>%+.1f\u00a0%%</td></tr>\n",
                            before,
                            after,
                            100 * (after / before - 1)));
        });
        return html.append("</tbody></table></div>\n<p class=\"note\">Lower is better. What rises on general text was ")
                .append("forgotten: a smaller learning rate, <code>training.l2_sp</code>, LoRA or a share of general ")
                .append("text among the training text lessen it.</p>")
                .toString();
    }

    private static String figures(Map<String, JsonNode[]> sets) {
        StringBuilder html =
                new StringBuilder("<div class=\"scroll\"><table class=\"figures\"><thead><tr><th>text</th>");
        JsonNode first = sets.values().iterator().next()[1];
        first.fieldNames()
                .forEachRemaining(name -> html.append("<th scope=\"col\">")
                        .append(Html.escape(name.replace('_', ' ')))
                        .append("</th>"));
        html.append("</tr></thead><tbody>\n");
        sets.forEach((name, set) -> {
            html.append("<tr><th scope=\"row\">").append(Html.escape(name)).append("</th>");
            first.fieldNames()
                    .forEachRemaining(metric -> html.append(
                            set[1].path(metric).isNumber()
                                    ? "<td>"
                                            + Metric.shown(
                                                    metric, set[1].path(metric).asDouble())
                                            + "</td>"
                                    : "<td>–</td>"));
            html.append("</tr>\n");
        });
        return html.append("</tbody></table></div>").toString();
    }
}
