package io.github.sparkfinetune.report;

import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.report.html.Figures;
import io.github.sparkfinetune.spark.folder.EvaluationMetrics;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Gains on the run's held-out text and losses on other held-out sets, as HTML. */
final class HeldOutSets {
    private static final String PERPLEXITY = "perplexity";

    private HeldOutSets() {}

    private record Named(String name, Map<String, Double> base, Map<String, Double> trained) {}

    /**
     * Returns a row for each set: perplexity of the base model and of the trained model if measured, else all metrics.
     */
    static String of(EvaluationMetrics metrics) {
        if (metrics.heldOut().isEmpty()) {
            return "";
        }
        List<Named> sets = new ArrayList<>(List.of(new Named("its own", metrics.base(), metrics.test())));
        metrics.heldOut().forEach((name, set) -> sets.add(new Named(name, set.base(), set.metrics())));
        boolean compared = sets.stream().allMatch(set -> set.base().containsKey(PERPLEXITY));
        return compared ? "<h2>Forgetting</h2>\n" + perplexities(sets) : "<h2>Held-out sets</h2>\n" + figures(sets);
    }

    private static String perplexities(List<Named> sets) {
        FigureTable table = new FigureTable("text", "perplexity before", "after", "change");
        for (Named set : sets) {
            Double before = set.base().get(PERPLEXITY);
            Double after = set.trained().get(PERPLEXITY);
            table.row(set.name(), Figures.of("%.2f", before), Figures.of("%.2f", after), Figures.change(before, after));
        }
        return table.html()
                + "\n<p class=\"note\">Lower is better. What rises on general text was forgotten: a smaller learning rate,"
                + " <code>training.l2_sp</code>, LoRA or a share of general text among the training text lessen it.</p>";
    }

    private static String figures(List<Named> sets) {
        List<String> metrics = sets.stream()
                .flatMap(set -> set.trained().keySet().stream())
                .distinct()
                .toList();
        FigureTable table = new FigureTable(
                Stream.concat(Stream.of("text"), metrics.stream().map(ReportTables::shown))
                        .toArray(String[]::new));
        sets.forEach(set -> table.row(
                set.name(),
                metrics.stream()
                        .map(metric -> shown(metric, set.trained().get(metric)))
                        .toArray(String[]::new)));
        return table.html();
    }

    private static String shown(String metric, Double value) {
        return MetricsFile.isKnown(value) ? Metric.shown(metric, value) : Figures.NONE;
    }
}
