package io.github.sparkfinetune.report;

import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.task.ExampleColumns;
import io.github.sparkfinetune.core.task.TaskSpec;
import io.github.sparkfinetune.report.html.Figures;
import io.github.sparkfinetune.report.html.Html;
import io.github.sparkfinetune.report.html.ReliabilityPlot;
import io.github.sparkfinetune.spark.folder.EvaluationMetrics;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.TrainingMetrics;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Figures of the report and its section on held-out text, as HTML. */
final class ReportTables {
    private static final List<String> HEADLINES = List.of(
            "accuracy",
            "exact_match",
            "f1",
            "f1_micro",
            "f1_macro",
            "pearson",
            "spearmanr",
            "loss",
            "perplexity",
            "rougeL");

    private ReportTables() {}

    /** Returns the figures at the top. */
    static String tiles(MetricsFile.Content metrics) {
        StringBuilder tiles = new StringBuilder();
        EvaluationMetrics evaluation = metrics.evaluation();
        for (String metric : HEADLINES) {
            Double base = evaluation.base().get(metric);
            String format = metric.equals("perplexity") ? "%.2f" : "%.4f";
            tile(
                    tiles,
                    "test " + shown(metric),
                    format,
                    evaluation.test().get(metric),
                    MetricsFile.isKnown(base) ? "base " + Figures.of(format, base) : "");
        }
        TrainingMetrics.Training train = metrics.training().train();
        if (train != null) {
            tile(tiles, "steps", "%,.0f", train.steps() == null ? null : (double) train.steps(), "");
            tile(tiles, "minutes", "%,.1f", train.seconds() == null ? null : train.seconds() / 60, "");
            tile(tiles, "samples / s", "%,.1f", train.samplesPerSecond(), "");
            tile(tiles, "tokens / s", "%,.0f", train.tokensPerSecond(), "");
            tile(tiles, "MB peak", "%,.0f", train.peakRssMb(), "");
        }
        return tiles.toString();
    }

    /** Adds a figure, if it is known. */
    private static void tile(StringBuilder tiles, String name, String format, Double value, String beside) {
        if (MetricsFile.isKnown(value)) {
            tiles.append("<div class=\"tile\"><b>")
                    .append(Figures.of(format, value))
                    .append("</b><span>")
                    .append(Html.escape(name))
                    .append("</span>")
                    .append(beside.isEmpty() ? "" : "<span>" + Html.escape(beside) + "</span>")
                    .append("</div>\n");
        }
    }

    /**
     * Returns the measurements on held-out text.
     *
     * @param task task of the run
     */
    static String heldOut(EvaluationMetrics metrics, TaskSpec task) {
        if (metrics.test().isEmpty()) {
            return "<p class=\"note\">No evaluation yet: <code>finetune evaluate</code> measures the model on held-out"
                    + " text.</p>";
        }
        if (!metrics.base().isEmpty()) {
            return comparison(metrics.test(), metrics.base()) + "\n" + HeldOutSets.of(metrics) + "\n"
                    + (task.answerColumns().isEmpty() ? "" : Answers.of(metrics.answers()));
        }
        boolean pairs = task.exampleColumns().flatMap(ExampleColumns::second).isPresent();
        return labels(metrics) + "\n" + otherMetrics(metrics.test()) + "\n"
                + ReliabilityPlot.of(metrics.reliability()) + "\n" + HeldOutSets.of(metrics) + "\n"
                + Examples.of(metrics.examples(), pairs);
    }

    /** Returns how well each label is predicted. */
    private static String labels(EvaluationMetrics metrics) {
        EvaluationMetrics.ConfusionMatrix matrix = metrics.confusionMatrix();
        return matrix != null && matrix.complete()
                ? ConfusionTable.of(matrix)
                : LabelTables.byLabel(metrics.byLabel()) + LabelTables.confusions(metrics.confusions());
    }

    /** Returns a language model's metrics beside the base model's. */
    private static String comparison(Map<String, Double> test, Map<String, Double> base) {
        FigureTable table = new FigureTable("", "trained model", "base model", "change");
        test.forEach((metric, value) -> table.row(
                shown(metric),
                Figures.of("%.4f", value),
                Figures.of("%.4f", base.get(metric)),
                Figures.change(base.get(metric), value)));
        return table.html();
    }

    /** Returns the test metrics that have no figure at the top. */
    private static String otherMetrics(Map<String, Double> test) {
        String others = test.entrySet().stream()
                .filter(metric -> !HEADLINES.contains(metric.getKey()) && MetricsFile.isKnown(metric.getValue()))
                .map(metric ->
                        Html.escape(shown(metric.getKey())) + " " + Metric.shown(metric.getKey(), metric.getValue()))
                .collect(Collectors.joining(" · "));
        return others.isEmpty() ? "" : "<p class=\"note\">" + others + "</p>";
    }

    /** Returns the name of a metric in words. */
    static String shown(String metric) {
        return metric.replace('_', ' ');
    }
}
