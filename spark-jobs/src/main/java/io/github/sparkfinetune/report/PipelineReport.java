package io.github.sparkfinetune.report;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.report.html.Html;
import io.github.sparkfinetune.report.html.Page;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
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
                    .append(Html.escape(run.model() + " · " + Report.name(run.task()) + " · "
                            + Report.name(run.method().type()) + " fine-tuning"))
                    .append("</p>\n<section class=\"tiles\">\n")
                    .append(ReportTables.tiles(result.metrics()))
                    .append("</section></section>\n");
        }
        return Page.of(title, results.size() + " stages, each from the model of the one before", rows.toString());
    }
}
