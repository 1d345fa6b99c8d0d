package io.github.sparkfinetune.report;

import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.DatasetSplit;
import io.github.sparkfinetune.data.dataset.Manifest;
import io.github.sparkfinetune.report.html.Html;
import java.util.Locale;
import java.util.Map;

/** Counts and lengths of the raw rows, as HTML. */
final class DataTables {
    private DataTables() {}

    /** Returns the warnings, then the funnel from rows to samples. */
    static String of(Manifest manifest) {
        StringBuilder html = new StringBuilder();
        manifest.warnings()
                .forEach(warning -> html.append("<p class=\"warning\">")
                        .append(Html.escape(warning.message()))
                        .append("</p>\n"));
        html.append("<div class=\"scroll\"><table class=\"figures\"><tbody>\n");
        DataFunnel.of(manifest).forEach(line -> row(html, line));
        html.append("</tbody></table></div>");
        DatasetSplit train = manifest.splits().get(Manifest.TRAIN);
        return html.append(train == null || train.lengths().isEmpty() ? "" : lengths(train.lengths()))
                .toString();
    }

    /** Returns the distribution of the training texts' lengths. */
    private static String lengths(Map<Integer, Long> lengths) {
        long most = lengths.values().stream().mapToLong(Long::longValue).max().orElseThrow();
        StringBuilder html = new StringBuilder("\n<h3>Length of the training texts</h3>\n<div class=\"scroll\">")
                .append("<table class=\"figures lengths\"><tbody>\n");
        lengths.forEach((length, count) -> {
            int shortest = length / 2 + 1;
            html.append("<tr><th scope=\"row\">")
                    .append(shortest < length ? String.format(Locale.ROOT, "%,d–", shortest) : "")
                    .append(String.format(
                            Locale.ROOT,
                            "%,d %s</th><td>%,d</td><td><i style=\"--share:%.3f\"></i></td></tr>\n",
                            length,
                            length == 1 ? "token" : "tokens",
                            count,
                            (double) count / most));
        });
        return html.append("</tbody></table></div>").toString();
    }

    private static void row(StringBuilder html, DataFunnel.Line line) {
        html.append("<tr><th scope=\"row\">")
                .append(Html.escape(line.name()))
                .append(String.format(Locale.ROOT, "</th><td>%,d</td><td class=\"side\">", line.count()))
                .append(Html.escape(line.note()))
                .append("</td></tr>\n");
    }
}
