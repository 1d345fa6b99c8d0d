package io.github.sparkfinetune.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.Stage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;

/** Results of a pipeline's stages side by side; each stage also has a report in its folder. */
record PipelineReport(List<Result> results) {

    /**
     * Results of a stage.
     *
     * @param file content of its {@code metrics.json}
     * @param metrics the same, as far as it is known
     */
    private record Result(Stage stage, ObjectNode file, MetricsFile.Content metrics) {}

    static PipelineReport of(List<Stage> stages, Configuration hadoop) throws IOException {
        List<Result> results = new ArrayList<>();
        for (Stage stage : stages) {
            RunFolder folder = RunFolder.of(stage.config(), hadoop);
            results.add(new Result(stage, MetricsFile.content(folder), MetricsFile.read(folder)));
        }
        return new PipelineReport(results);
    }

    /** Returns {@code metrics.json}: {@code stages}, each with the content of its own {@code metrics.json}. */
    String metrics() throws IOException {
        ObjectNode all = MetricsLog.JSON.createObjectNode();
        ObjectNode named = all.putObject("stages");
        results.forEach(result -> named.set(result.stage().name(), result.file()));
        return MetricsLog.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n";
    }

    String html(String title) {
        StringBuilder rows = new StringBuilder();
        for (Result result : results) {
            Stage stage = result.stage();
            RunConfig run = stage.config();
            rows.append("<section><h2><a href=\"")
                    .append(Html.escape(stage.name()))
                    .append("/report.html\">")
                    .append(Html.escape(stage.name()))
                    .append("</a></h2>\n<p class=\"note\">")
                    .append(Html.escape(run.base().model() + " · " + Report.name(run.task()) + " · "
                            + Report.name(run.method().type()) + " fine-tuning"))
                    .append("</p>\n<section class=\"tiles\">\n")
                    .append(ReportTables.tiles(result.metrics()))
                    .append("</section></section>\n");
        }
        return String.format(Locale.ROOT, """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>%1$s</title>
                <style>
                %2$s</style>
                </head>
                <body>
                <header>
                <h1>%1$s</h1>
                <p>%3$d stages, each from the model of the one before</p>
                </header>
                <main>
                %4$s</main>
                </body>
                </html>
                """, Html.escape(title), Report.resource("report.css"), results.size(), rows);
    }
}
