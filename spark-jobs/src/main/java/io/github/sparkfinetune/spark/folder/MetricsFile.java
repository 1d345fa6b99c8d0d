package io.github.sparkfinetune.spark.folder;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.train.TrainingResult;
import io.github.sparkfinetune.spark.predict.Scores;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Writes and reads {@code metrics.json}, the results of a run. Each command replaces its own part,
 * {@link TrainingMetrics} or {@link EvaluationMetrics}, whose components are the file's keys in {@code snake_case}.
 */
public final class MetricsFile {
    /** Reads files of other versions, too: a key that this version does not know is skipped. */
    private static final ObjectReader JSON = MetricsLog.JSON
            .reader()
            .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .with(DeserializationFeature.READ_UNKNOWN_ENUM_VALUES_AS_NULL);

    private static final PropertyNamingStrategies.SnakeCaseStrategy KEYS =
            new PropertyNamingStrategies.SnakeCaseStrategy();

    private MetricsFile() {}

    /**
     * Content of the file, the results of a run so far.
     *
     * @param training results of {@code train}
     * @param evaluation results of {@code evaluate}
     */
    public record Content(TrainingMetrics training, EvaluationMetrics evaluation) {}

    /** Reads the content of the folder's file; empty if there is no file yet. */
    public static ObjectNode content(RunFolder folder) throws IOException {
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

    /** Reads the results of the folder; nothing was measured if there is no file yet. */
    public static Content read(RunFolder folder) throws IOException {
        ObjectNode content = content(folder);
        try {
            return new Content(
                    JSON.treeToValue(content, TrainingMetrics.class),
                    JSON.treeToValue(content, EvaluationMetrics.class));
        } catch (JsonProcessingException e) {
            throw notMetrics(folder, e);
        }
    }

    /** Returns whether a model was trained. */
    public static boolean isTrained(RunFolder folder) throws IOException {
        return read(folder).training().train() != null;
    }

    /** Returns whether a model was trained and measured on held-out text. */
    public static boolean isMeasured(RunFolder folder) throws IOException {
        Content metrics = read(folder);
        return metrics.training().train() != null
                && !metrics.evaluation().test().isEmpty();
    }

    /**
     * Returns a metric of the run's model on its held-out text.
     *
     * @throws RunException if the metric was not measured
     */
    public static double test(RunFolder folder, String metric) throws IOException {
        Double value = read(folder).evaluation().test().get(metric);
        if (!isKnown(value)) {
            throw RunException.data(folder.shown(RunFolder.METRICS) + ": the held-out text has no " + metric
                    + ": run finetune evaluate first");
        }
        return value;
    }

    /** Returns the metrics of the held-out sets, as {@link Scores#bySet} does; those without a number are left out. */
    public static Map<String, Map<String, Double>> heldOut(RunFolder folder) throws IOException {
        EvaluationMetrics evaluation = read(folder).evaluation();
        Map<String, Map<String, Double>> sets = new LinkedHashMap<>();
        put(sets, Scores.OWN, evaluation.test(), evaluation.base());
        evaluation.heldOut().forEach((name, set) -> put(sets, name, set.metrics(), set.base()));
        return sets;
    }

    private static void put(
            Map<String, Map<String, Double>> sets, String name, Map<String, Double> own, Map<String, Double> base) {
        sets.put(name, known(own));
        if (!base.isEmpty()) {
            sets.put(Scores.base(name), known(base));
        }
    }

    /** Returns whether a figure was measured and is a number. */
    public static boolean isKnown(Double value) {
        return value != null && Double.isFinite(value);
    }

    private static Map<String, Double> known(Map<String, Double> metrics) {
        Map<String, Double> known = new LinkedHashMap<>(metrics);
        known.values().removeIf(value -> !isKnown(value));
        return known;
    }

    /** Returns the optimizer steps of the training, or 0 if unknown. */
    public static long steps(RunFolder folder) throws IOException {
        TrainingMetrics.Training train = read(folder).training().train();
        return train == null || train.steps() == null ? 0 : train.steps();
    }

    private static RunException notMetrics(RunFolder folder, Exception cause) {
        return RunException.data(
                folder.shown(RunFolder.METRICS) + ": is not the metrics of a run: remove the file", cause);
    }

    /** Writes the results of a training. */
    public static void put(RunFolder folder, TrainingResult result) throws IOException {
        replace(folder, TrainingMetrics.of(result));
    }

    /**
     * Writes the scores of held-out sets.
     *
     * @param sets the test split, then the further sets
     */
    public static void put(RunFolder folder, List<Scores> sets) throws IOException {
        replace(folder, EvaluationMetrics.of(sets));
    }

    private static Stream<String> keys(Class<?> part) {
        return Arrays.stream(part.getRecordComponents()).map(component -> KEYS.translate(component.getName()));
    }

    private static void replace(RunFolder folder, Record part) throws IOException {
        ObjectNode metrics = content(folder);
        JsonNode written = MetricsLog.JSON.valueToTree(part);
        keys(part.getClass()).forEach(key -> {
            if (written.has(key)) {
                metrics.set(key, written.get(key));
            } else {
                metrics.remove(key);
            }
        });
        folder.write(
                RunFolder.METRICS,
                MetricsLog.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(metrics) + "\n");
    }
}
