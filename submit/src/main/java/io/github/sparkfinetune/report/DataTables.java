package io.github.sparkfinetune.report;

import io.github.sparkfinetune.data.dataset.DataFunnel;
import io.github.sparkfinetune.data.dataset.Manifest;
import java.util.Locale;

/** What became of the raw rows, as HTML. */
final class DataTables {
    private DataTables() {}

    /** The warnings, then the funnel from rows to samples. */
    static String of(Manifest manifest) {
        StringBuilder html = new StringBuilder();
        manifest.warnings()
                .forEach(warning -> html.append("<p class=\"warning\">")
                        .append(Html.escape(warning.message()))
                        .append("</p>\n"));
        html.append("<div class=\"scroll\"><table class=\"figures\"><tbody>\n");
        DataFunnel.of(manifest).forEach(line -> row(html, line));
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
