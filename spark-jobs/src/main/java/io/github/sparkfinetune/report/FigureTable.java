package io.github.sparkfinetune.report;

import io.github.sparkfinetune.report.html.Html;

/** Table of names and figures as HTML, in a box that scrolls sideways if the table is wider than the page. */
final class FigureTable {
    private final StringBuilder html = new StringBuilder("<div class=\"scroll\"><table class=\"figures\"><thead><tr>");

    /** @param heads heads of the columns, first that of the names, which may be empty */
    FigureTable(String... heads) {
        for (String head : heads) {
            html.append(head.isEmpty() ? "<th>" : "<th scope=\"col\">")
                    .append(Html.escape(head))
                    .append("</th>");
        }
        html.append("</tr></thead><tbody>\n");
    }

    /**
     * Adds a row.
     *
     * @param name name, or null if unknown
     * @param figures text of each cell after the name
     */
    FigureTable row(String name, String... figures) {
        html.append("<tr><th scope=\"row\">").append(Html.escape(name)).append("</th>");
        for (String figure : figures) {
            html.append("<td>").append(Html.escape(figure)).append("</td>");
        }
        html.append("</tr>\n");
        return this;
    }

    String html() {
        return html + "</tbody></table></div>";
    }
}
