package io.github.sparkfinetune.report;

import io.github.sparkfinetune.core.metric.Metric;
import io.github.sparkfinetune.core.train.TrainingRecord;
import io.github.sparkfinetune.core.train.speed.Pace;
import io.github.sparkfinetune.core.train.speed.SlowRank;
import io.github.sparkfinetune.report.html.Figures;
import io.github.sparkfinetune.report.html.Html;
import io.github.sparkfinetune.spark.folder.MetricsFile;
import io.github.sparkfinetune.spark.folder.RunProgress;
import java.util.Locale;
import java.util.Map;

/** Part of the report that shows a command in progress or its failure, as HTML. */
final class LiveSection {
    private LiveSection() {}

    /** Returns what the page's title begins with, so that a tab shows it. */
    static String title(RunProgress progress) {
        if (!progress.isRunning()) {
            return "failed · ";
        }
        return progress.work() == RunProgress.Work.TRAIN && progress.newest().record() != null
                ? Math.round(Math.floor(100 * progress.share())) + " % · "
                : name(progress) + " · ";
    }

    /**
     * Returns the element that reloads the page of a running command in a browser that runs no scripts; empty for an
     * ended command.
     */
    static String refresh(RunProgress progress) {
        return progress.isRunning()
                ? "<noscript><meta http-equiv=\"refresh\" content=\""
                        + progress.times().everySeconds() + "\"></noscript>\n"
                : "";
    }

    static String of(RunProgress progress) {
        boolean running = progress.isRunning();
        StringBuilder html = new StringBuilder();
        html.append(String.format(
                Locale.ROOT,
                "<section id=\"live\" class=\"live\" data-state=\"%s\" data-updated=\"%s\" data-silence=\"%d\">%n",
                running ? "running" : "failed",
                progress.times().updated(),
                progress.silence().toSeconds()));
        html.append("<p class=\"state\"><b>")
                .append(running ? name(progress) : "Failed")
                .append("</b> ")
                .append(
                        running
                                ? steps(progress)
                                : Html.escape(progress.outcome().message()))
                .append("</p>\n");
        TrainingRecord record = progress.newest().record();
        if (record != null) {
            html.append(String.format(
                    Locale.ROOT,
                    "<progress max=\"%d\" value=\"%d\" aria-label=\"optimizer steps\"></progress>%n",
                    record.totalSteps(),
                    record.step()));
        }
        html.append("<div class=\"tiles\">\n").append(tiles(progress)).append("</div>\n");
        SlowRank slow = progress.newest().slowRank();
        if (slow != null && running) {
            html.append("<p class=\"note warning\">")
                    .append(Html.escape(String.format(
                            Locale.ROOT,
                            "%s computes a step in %.2f s, the others in %.2f s and wait.",
                            slow.name(),
                            slow.seconds(),
                            slow.others())))
                    .append("</p>\n");
        }
        html.append("<p class=\"note\" id=\"news\">As of <time datetime=\"")
                .append(progress.times().updated())
                .append("\">")
                .append(shown(progress.times().updated()))
                .append("</time></p>\n</section>\n");
        return html.toString();
    }

    private static String name(RunProgress progress) {
        return switch (progress.work()) {
            case PREPARE -> "Preparing data";
            case TRAIN -> progress.newest().record() == null ? "Starting to train" : "Training";
            case EVALUATE -> "Evaluating";
        };
    }

    private static String steps(RunProgress progress) {
        TrainingRecord record = progress.newest().record();
        if (record == null) {
            return "";
        }
        return String.format(
                Locale.ROOT, "step %,d of %,d · epoch %.2f", record.step(), record.totalSteps(), record.epoch());
    }

    private static String tiles(RunProgress progress) {
        StringBuilder tiles = new StringBuilder();
        RunProgress.Newest newest = progress.newest();
        if (newest.secondsLeft() != null && progress.isRunning() && progress.work() == RunProgress.Work.TRAIN) {
            tile(tiles, "time left", Pace.clock(newest.secondsLeft()));
        }
        if (newest.record() != null) {
            TrainingRecord values = newest.record();
            tile(tiles, "training loss", Figures.of("%.4f", values.loss()));
            if (newest.evaluation() != null) {
                evaluation(tiles, newest.evaluation().eval());
            }
            tile(tiles, "tokens / s", Figures.of("%,.0f", values.tokensPerSecond()));
            tile(tiles, "samples / s", Figures.of("%,.1f", values.samplesPerSecond()));
            tile(tiles, "learning rate", Figures.of("%.2e", values.learningRate()));
        }
        if (progress.checkpoint() != null) {
            RunProgress.Saved saved = progress.checkpoint();
            tiles.append("<div class=\"tile\"><b>step ")
                    .append(Figures.count(saved.step()))
                    .append("</b><span>newest checkpoint</span><span><time datetime=\"")
                    .append(saved.time())
                    .append("\">")
                    .append(shown(saved.time()))
                    .append("</time></span></div>\n");
        }
        return tiles.toString();
    }

    private static void evaluation(StringBuilder tiles, Map<String, Double> eval) {
        eval.entrySet().stream()
                .filter(metric -> MetricsFile.isKnown(metric.getValue()))
                .limit(3)
                .forEach(metric -> tile(
                        tiles,
                        "eval " + ReportTables.shown(metric.getKey()),
                        Metric.shown(metric.getKey(), metric.getValue())));
    }

    private static void tile(StringBuilder tiles, String name, String value) {
        tiles.append("<div class=\"tile\"><b>")
                .append(Html.escape(value))
                .append("</b><span>")
                .append(Html.escape(name))
                .append("</span></div>\n");
    }

    /** Returns a time as a browser without scripts shows it. */
    private static String shown(String time) {
        return time.replace("T", " ").replace("Z", " UTC");
    }
}
