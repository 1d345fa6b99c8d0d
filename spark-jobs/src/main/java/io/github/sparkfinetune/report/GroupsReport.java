package io.github.sparkfinetune.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.report.html.Figures;
import io.github.sparkfinetune.report.html.Html;
import io.github.sparkfinetune.report.html.Page;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;

/** Results of the runs of groups as a table; each group also has a report in its folder. */
public final class GroupsReport {
    private final List<Result> results;

    private GroupsReport(List<Result> results) {
        this.results = results;
    }

    /**
     * A group.
     *
     * @param value value of the column
     * @param run run of the group
     * @param trainRows rows to train and hold out from
     * @param failure why the group has no model, or null
     */
    public record Group(String value, RunConfig run, long trainRows, String failure) {}

    /**
     * Results of a group.
     *
     * @param file content of its {@code metrics.json}
     * @param test metrics on its held-out rows
     */
    private record Result(Group group, ObjectNode file, Map<String, Double> test) {}

    static GroupsReport of(List<Group> groups, Configuration hadoop) throws IOException {
        List<Result> results = new ArrayList<>();
        for (Group group : groups) {
            RunFolder folder = RunFolder.of(group.run(), hadoop);
            results.add(new Result(
                    group,
                    MetricsFile.content(folder),
                    MetricsFile.read(folder).evaluation().test()));
        }
        return new GroupsReport(results);
    }

    /** Returns {@code metrics.json}: {@code groups}, each with the content of its own {@code metrics.json}. */
    String metrics() throws IOException {
        ObjectNode all = MetricsLog.JSON.createObjectNode();
        ObjectNode named = all.putObject("groups");
        results.forEach(result -> named.set(result.group().value(), result.file()));
        return MetricsLog.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n";
    }

    /** @param folders returns the address of a group's folder, relative to the page */
    String html(String title, String column, Map<String, String> folders) {
        Set<String> metrics = new LinkedHashSet<>();
        results.forEach(result -> metrics.addAll(result.test().keySet()));
        StringBuilder html = new StringBuilder(
                        "<section>\n<div class=\"scroll\"><table class=\"figures\">\n<thead><tr>")
                .append(head(column))
                .append(head("rows"));
        metrics.forEach(metric -> html.append(head(metric)));
        boolean hasFailures = results.stream().anyMatch(result -> result.group().failure() != null);
        html.append(hasFailures ? head("failure") : "").append("</tr></thead>\n<tbody>\n");
        for (Result result : results) {
            Group group = result.group();
            html.append("<tr><th scope=\"row\"><a href=\"")
                    .append(Html.escape(folders.get(group.value()) + "/report.html"))
                    .append("\">")
                    .append(Html.escape(group.value()))
                    .append("</a></th>")
                    .append(cell(Figures.count(group.trainRows())));
            for (String metric : metrics) {
                Double value = result.test().get(metric);
                html.append(cell(MetricsFile.isKnown(value) ? Metric.shown(metric, value) : null));
            }
            if (hasFailures) {
                html.append(cell(group.failure() == null ? "" : group.failure()));
            }
            html.append("</tr>\n");
        }
        return Page.of(
                title,
                results.size() + " groups, each with a model of its own",
                html.append("</tbody></table></div>\n</section>\n").toString());
    }

    private static String head(String name) {
        return "<th scope=\"col\">" + Html.escape(name) + "</th>";
    }

    private static String cell(String text) {
        return "<td>" + Html.escape(text) + "</td>";
    }
}
