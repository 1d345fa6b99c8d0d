package io.github.sparkfinetune.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.train.RankTime;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.predict.Scores;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

/** Writes and reads {@code metrics.json}, the results of a run; each command replaces its own part. */
public final class MetricsFile {
    private MetricsFile() {}

    /** Reads the content of the folder's file; empty if there is no file yet. */
    static ObjectNode read(RunFolder folder) throws IOException {
        String text = folder.read(RunFolder.METRICS).orElse("{}");
        try {
            if (MetricsLog.JSON.readTree(text) instanceof ObjectNode metrics) {
                return metrics;
            }
        } catch (JsonProcessingException e) {
            throw notMetrics(folder, e);
        }
        throw notMetrics(folder, null);
    }

    /** Returns whether a model was trained and measured on held-out text. */
    public static boolean isMeasured(RunFolder folder) throws IOException {
        return read(folder).has("train") && read(folder).has("test");
    }

    /**
     * Returns a metric of the run's model on its held-out text.
     *
     * @throws RunException if the metric was not measured
     */
    public static double test(RunFolder folder, String metric) throws IOException {
        JsonNode value = read(folder).path("test").path(metric);
        if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
            throw RunException.data(folder.shown(RunFolder.METRICS) + ": the held-out text has no " + metric
                    + ": run finetune evaluate first");
        }
        return value.doubleValue();
    }

    /** Returns the optimizer steps of the training, or 0 if unknown. */
    public static long steps(RunFolder folder) throws IOException {
        return read(folder).at("/train/steps").asLong();
    }

    private static RunException notMetrics(RunFolder folder, Exception cause) {
        return RunException.data(
                folder.shown(RunFolder.METRICS) + ": is not the metrics of a run: remove the file", cause);
    }

    /**
     * Writes {@code train} and, if there was an evaluation split, {@code eval}. With several ranks {@code train} has
     * {@code ranks}, the computation of each rank in a step.
     */
    public static void put(RunFolder folder, TrainingResult result) throws IOException {
        ObjectNode metrics = read(folder);
        ObjectNode train = metrics.putObject("train")
                .put("steps", result.totals().steps())
                .put("samples", result.totals().samples())
                .put("tokens", result.totals().tokens())
                .put("seconds", result.speed().seconds())
                .put("samples_per_second", result.speed().samplesPerSecond())
                .put("tokens_per_second", result.speed().tokensPerSecond())
                .put("peak_rss_mb", result.peakRssBytes() / 1e6)
                .put("best_step", result.best().bestStep());
        if (result.precision() != null) {
            train.putObject("precision")
                    .put("choice", result.precision().choice().name().toLowerCase(Locale.ROOT))
                    .put("reason", result.precision().reason());
        }
        for (RankTime rank : result.ranks()) {
            train.withArray("ranks")
                    .addObject()
                    .put("name", rank.name())
                    .put("step_seconds_p50", rank.p50())
                    .put("step_seconds_p99", rank.p99());
        }
        metrics.remove("eval");
        if (!result.best().eval().isEmpty()) {
            ObjectNode eval = metrics.putObject("eval");
            result.best().eval().forEach(eval::put);
        }
        write(folder, metrics);
    }

    /**
     * Writes the scores of held-out sets.
     *
     * <ul>
     *   <li>{@code test}: metrics of the test split
     *   <li>{@code confusion_matrix}: for a classifier
     *   <li>{@code by_label}: scores of each label or entity type, if samples have several labels or tags, or one of
     *       many labels
     *   <li>{@code confusions}: the most frequent confusions, if samples have one of many labels
     *   <li>{@code base}: the same metrics of the base model, for a language model
     *   <li>{@code answers}: a few answers of a language model
     *   <li>{@code examples}: a few predictions, if predictions are right or wrong
     *   <li>{@code held_out}: by name, the {@code metrics} of each further set, and {@code base} if measured
     * </ul>
     *
     * @param sets the test split, then the further sets
     */
    public static void put(RunFolder folder, List<Scores> sets) throws IOException {
        Scores scores = sets.get(0);
        ObjectNode metrics = read(folder);
        ObjectNode test = metrics.putObject("test");
        scores.metrics().forEach(test::put);
        metrics.remove(
                List.of("base", "confusion_matrix", "confusions", "by_label", "answers", "examples", "held_out"));
        Scores.Confusion confusion = scores.confusion();
        if (!confusion.labels().isEmpty()) {
            ObjectNode matrix = metrics.putObject("confusion_matrix");
            matrix.set("labels", MetricsLog.JSON.valueToTree(confusion.labels()));
            matrix.set("counts", MetricsLog.JSON.valueToTree(confusion.matrix()));
        }
        if (!confusion.pairs().isEmpty()) {
            metrics.set("confusions", MetricsLog.JSON.valueToTree(confusion.pairs()));
        }
        if (!scores.byLabel().isEmpty()) {
            metrics.set("by_label", MetricsLog.JSON.valueToTree(scores.byLabel()));
        }
        if (!scores.base().isEmpty()) {
            ObjectNode base = metrics.putObject("base");
            scores.base().forEach(base::put);
        }
        if (!scores.answers().isEmpty()) {
            metrics.set("answers", MetricsLog.JSON.valueToTree(scores.answers()));
        }
        if (!scores.examples().isEmpty()) {
            metrics.set("examples", MetricsLog.JSON.valueToTree(scores.examples()));
        }
        for (Scores set : sets.subList(1, sets.size())) {
            ObjectNode held = metrics.withObject("/held_out").putObject(set.split());
            held.set("metrics", MetricsLog.JSON.valueToTree(set.metrics()));
            if (!set.base().isEmpty()) {
                held.set("base", MetricsLog.JSON.valueToTree(set.base()));
            }
        }
        write(folder, metrics);
    }

    private static void write(RunFolder folder, ObjectNode metrics) throws IOException {
        folder.write(
                RunFolder.METRICS,
                MetricsLog.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(metrics) + "\n");
    }
}
