package io.github.sparkfinetune.report.search;

import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.report.html.Html;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Trials of a search as a table, the best first, with their plot. */
public final class SearchTable {
    private SearchTable() {}

    /**
     * Returns the section.
     *
     * @param folder address of the folder with the trials' folders, relative to the page
     */
    public static String of(Search search, String folder) {
        String metric = search.definition().metric();
        StringBuilder html = new StringBuilder("<section>\n<h2>Search</h2>\n")
                .append(ParallelCoordinates.of(search))
                .append("<div class=\"scroll\"><table class=\"figures\">\n<thead><tr><th scope=\"col\">trial</th>");
        List<String> keys = List.copyOf(search.trials().get(0).settings().keySet());
        keys.forEach(key -> head(html, key));
        head(html, metric);
        head(html, "steps");
        html.append("<th scope=\"col\">state</th></tr></thead>\n<tbody>\n");
        List<Trial> sorted = new ArrayList<>(search.trials());
        sorted.sort(search.bestFirst().thenComparing(Comparator.comparing(Trial::name)));
        sorted.forEach(trial -> row(html, search, trial, folder));
        return html.append("</tbody></table></div>\n<p class=\"note\">")
                .append(Html.escape(metric))
                .append(" is that of the best evaluation on the evaluation rows; test rows measure only the winner.")
                .append("</p>\n</section>\n")
                .toString();
    }

    private static void head(StringBuilder html, String name) {
        html.append("<th scope=\"col\">").append(Html.escape(name)).append("</th>");
    }

    private static void row(StringBuilder html, Search search, Trial trial, String folder) {
        boolean isBest = trial.name().equals(search.best());
        html.append("<tr><th scope=\"row\"><a href=\"")
                .append(Html.escape(folder + "/" + trial.name() + "/report.html"))
                .append("\">")
                .append(Html.escape(trial.name()))
                .append("</a></th>");
        for (Map.Entry<String, String> setting : trial.settings().entrySet()) {
            cell(html, setting.getValue());
        }
        double value = trial.metric(search.definition().metric());
        cell(html, Double.isFinite(value) ? Metric.shown(search.definition().metric(), value) : null);
        cell(
                html,
                trial.totalSteps() == 0
                        ? null
                        : String.format(Locale.ROOT, "%,d of %,d", trial.steps(), trial.totalSteps()));
        String state = isBest ? "best" : trial.state().name().toLowerCase(Locale.ROOT);
        cell(html, trial.message() == null ? state : state + ": " + trial.message());
        html.append("</tr>\n");
    }

    private static void cell(StringBuilder html, String text) {
        html.append("<td>").append(Html.escape(text)).append("</td>");
    }
}
