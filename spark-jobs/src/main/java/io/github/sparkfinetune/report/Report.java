package io.github.sparkfinetune.report;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.core.task.registry.TaskSpecs;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.report.html.Html;
import io.github.sparkfinetune.report.html.Page;
import io.github.sparkfinetune.report.search.SearchTable;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import io.github.sparkfinetune.spark.folder.RunProgress;
import io.github.sparkfinetune.spark.folder.TrainingMetrics;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes {@code report.html}, a single file that needs neither the network nor its folder. Its content security policy
 * forbids loading anything; all text of the run is escaped.
 */
final class Report {
    private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z-]+)}}");

    private static final String NO_DATASET =
            "<p class=\"note\">The prepared dataset is not where it was when the model was trained.</p>";

    private Report() {}

    /**
     * Returns the report of a run's results so far.
     *
     * @param records records of the training so far
     * @param progress state of the command that works on the run or has failed, or null for the report of results
     */
    static String of(RunFolder folder, List<TrainingRecord> records, RunProgress progress) throws IOException {
        String yaml = folder.read(RunFolder.RUN_YAML).orElseThrow();
        RunConfig run = RunConfigLoader.parse(yaml, folder.shown(RunFolder.RUN_YAML), List.of());
        MetricsFile.Content metrics = MetricsFile.read(folder);
        TrainingMetrics.Training train = metrics.training().train();
        TaskSpec task = TaskSpecs.of(run);

        Map<String, String> parts = new HashMap<>();
        String name = Html.escape(run.output().dir().replaceFirst(".*/(?=[^/]+/*$)", ""));
        parts.put("name", name);
        parts.put("title", (progress == null ? "" : LiveSection.title(progress)) + name);
        parts.put("refresh", progress == null ? "" : LiveSection.refresh(progress));
        parts.put("live", progress == null ? "" : LiveSection.of(progress));
        parts.put(
                "subtitle",
                Html.escape(run.model() + " · " + name(run.task()) + " · "
                        + name(run.method().type()) + " fine-tuning · "
                        + run.cluster().ranks()
                        + (run.cluster().ranks() == 1 ? " rank" : " ranks")
                        + precision(train)
                        + privacy(train)));
        parts.put("tiles", ReportTables.tiles(metrics));
        parts.put(
                "held-out",
                ReportTables.heldOut(metrics.evaluation(), task) + (train == null ? "" : RankTable.of(train.ranks())));
        parts.put(
                "search",
                Reports.search(folder)
                        .map(search -> SearchTable.of(search, Reports.TRIALS))
                        .orElse(""));
        parts.put("data-funnel", data(folder, run.dataset()));
        parts.put("unit", "mean per " + task.lossUnit());
        parts.put("settings", Html.escape(yaml));
        parts.put("data", Html.scriptData(MetricsLog.JSON.writeValueAsString(Curves.of(records))));
        parts.put("style", Page.resource("report.css"));
        parts.put("script", Page.resource("report.js"));
        parts.put("uplot-style", Page.resource(UPLOT + "uPlot.min.css"));
        parts.put("uplot-script", Page.resource(UPLOT + "uPlot.iife.min.js"));
        return PLACEHOLDER
                .matcher(Page.resource("report.html"))
                .replaceAll(found -> Matcher.quoteReplacement(parts.get(found.group(1))));
    }

    private static String data(RunFolder folder, String dataset) throws IOException {
        try {
            return folder.manifest(dataset).map(DataTables::of).orElse(NO_DATASET);
        } catch (RunException e) {
            // The results of a run whose dataset another version has replaced are still shown.
            return "<p class=\"note\">" + Html.escape(e.getMessage()) + "</p>";
        }
    }

    private static String precision(TrainingMetrics.Training train) {
        return train == null || train.precision() == null || train.precision().choice() == null
                ? ""
                : " · " + train.precision().choice();
    }

    private static String privacy(TrainingMetrics.Training train) {
        return train == null || train.privacy() == null
                ? ""
                : String.format(
                        Locale.ROOT,
                        " · differentially private: ε %.2f, δ %.1e",
                        train.privacy().epsilon(),
                        train.privacy().delta());
    }

    static String name(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
