package io.github.sparkfinetune.report;

import io.github.sparkfinetune.report.html.Figures;
import io.github.sparkfinetune.spark.folder.TrainingMetrics;
import java.util.List;

/** Computation of each rank in a step, as HTML. */
final class RankTable {
    private RankTable() {}

    /** Returns a row for each rank; empty for a single rank. */
    static String of(List<TrainingMetrics.Rank> ranks) {
        if (ranks.isEmpty()) {
            return "";
        }
        FigureTable table = new FigureTable("", "ms of a step, p50", "p99");
        ranks.forEach(rank ->
                table.row(rank.name(), milliseconds(rank.stepSecondsP50()), milliseconds(rank.stepSecondsP99())));
        return "<h2>Ranks</h2>\n" + table.html()
                + "\n<p class=\"note\">Without waiting for the other ranks: the slowest one sets the pace.</p>";
    }

    private static String milliseconds(Double seconds) {
        return Figures.of("%,.0f", seconds == null ? null : 1e3 * seconds);
    }
}
