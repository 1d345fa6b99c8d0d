package io.github.sparkfinetune.report;

import io.github.sparkfinetune.conf.load.Stage;
import io.github.sparkfinetune.report.html.Page;
import io.github.sparkfinetune.report.search.Search;
import io.github.sparkfinetune.report.search.SearchTable;
import io.github.sparkfinetune.spark.folder.MetricsLog;
import io.github.sparkfinetune.spark.folder.RunFolder;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** Reports in the folders of runs, pipelines, groups and searches. */
public final class Reports {
    /** Name of the folder of a search with a folder for each trial. */
    public static final String TRIALS = "trials";

    private Reports() {}

    /** Writes the report with a run's results so far. */
    public static void write(RunFolder folder) throws IOException {
        folder.write(RunFolder.REPORT, Report.of(folder, MetricsLog.read(folder), null));
    }

    /** Writes the report and the metrics of a pipeline, whose stages have their folders in the folder. */
    public static void write(RunFolder folder, List<Stage> stages, Configuration hadoop) throws IOException {
        PipelineReport report = PipelineReport.of(stages, hadoop);
        folder.write(RunFolder.METRICS, report.metrics());
        folder.write(RunFolder.REPORT, report.html(folder.name()));
    }

    /**
     * Writes the report and the metrics of the runs of groups, which have their folders in the folder.
     *
     * @param folders address of each group's folder by value, relative to the folder
     */
    public static void write(
            RunFolder folder,
            String column,
            List<GroupsReport.Group> groups,
            Map<String, String> folders,
            Configuration hadoop)
            throws IOException {
        GroupsReport report = GroupsReport.of(groups, hadoop);
        folder.write(RunFolder.METRICS, report.metrics());
        folder.write(RunFolder.REPORT, report.html(folder.name(), column, folders));
    }

    /** Returns the search whose trials are in the folder, or empty if there is none. */
    public static Optional<Search> search(RunFolder folder) throws IOException {
        return folder.read(Search.FILE).map(json -> Search.parse(json, folder.shown(Search.FILE)));
    }

    /** Writes a search, and a report of it until the folder has a run's report. */
    public static void write(RunFolder folder, Search search) throws IOException {
        folder.write(Search.FILE, search.toJson());
        if (!folder.has(RunFolder.RUN_YAML)) {
            int trials = search.trials().size();
            folder.write(
                    RunFolder.REPORT,
                    Page.of(folder.name(), "search with " + trials + " trials", SearchTable.of(search, TRIALS)));
        }
    }
}
