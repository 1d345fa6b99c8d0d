package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.calibration.Reliability;
import io.github.sparkfinetune.core.metric.PrecisionRecall;
import io.github.sparkfinetune.spark.calibrate.CalibrationRows;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Scores of a model on held-out samples.
 *
 * @param split split of the samples
 * @param metrics metrics by their names in {@code metrics.json}
 * @param base same metrics of the base model if it is measured; else empty
 * @param confusion labels that were predicted in place of others, if samples have one label each
 * @param byLabel scores by label or type of entity, if they do not follow from a confusion matrix; else empty
 * @param answers a few generated answers
 * @param examples a few predictions, if predictions can be right or wrong
 * @param reliability confidence and accuracy before and after calibration; empty if the model was not calibrated
 */
public record Scores(
        String split,
        Map<String, Double> metrics,
        Map<String, Double> base,
        Confusion confusion,
        Map<String, PrecisionRecall> byLabel,
        List<Answer> answers,
        List<Example> examples,
        List<Reliability> reliability) {
    /** Name of the run's own held-out split among held-out sets. */
    public static final String OWN = "test";

    /**
     * Labels that were predicted in place of others: a matrix for few labels, the most frequent pairs for many labels.
     *
     * @param labels names of the labels by id; empty without a matrix
     * @param matrix number of samples by true label (row) and predicted label (column)
     * @param pairs most frequent pairs of different labels, in descending order; empty with a matrix
     */
    public record Confusion(List<String> labels, long[][] matrix, List<Confused> pairs) {
        /** No confusion, for samples without exactly one label. */
        static final Confusion NONE = new Confusion(List.of(), new long[0][], List.of());

        public Confusion {
            if (matrix.length != labels.size()) {
                throw new IllegalArgumentException(matrix.length + " rows, " + labels.size() + " labels");
            }
            labels = List.copyOf(labels);
            pairs = List.copyOf(pairs);
        }
    }

    /**
     * Label that was predicted in place of the true label.
     *
     * @param label true label
     * @param predicted predicted label
     * @param samples number of samples
     */
    public record Confused(String label, String predicted, long samples) {}

    /**
     * Generated answer to a held-out prompt.
     *
     * @param prompt prompt as the model reads it
     * @param reference answer in the data
     * @param generated answer of the trained model
     * @param base answer of the base model
     */
    public record Answer(String prompt, String reference, String generated, String base) {}

    /** Reason for which the report shows an example. */
    public enum Group {
        RIGHT,
        WRONG,
        /** One of the predictions with the lowest score. */
        UNCERTAIN
    }

    /**
     * Prediction for a held-out sample.
     *
     * @param group reason for which the example is shown
     * @param text input of the model: one string, or its words, and then {@code expected} and {@code predicted} have
     *     one tag per word
     * @param expected value in the data
     * @param predicted value that the model predicted
     * @param score score of the prediction, or null
     */
    public record Example(Group group, List<String> text, List<String> expected, List<String> predicted, Double score) {
        public Example {
            text = List.copyOf(text);
            expected = List.copyOf(expected);
            predicted = List.copyOf(predicted);
        }
    }

    public Scores {
        // The maps keep the order in which the report shows them.
        metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
        base = Collections.unmodifiableMap(new LinkedHashMap<>(base));
        byLabel = Collections.unmodifiableMap(new LinkedHashMap<>(byLabel));
        answers = List.copyOf(answers);
        examples = List.copyOf(examples);
    }

    /** Returns the scores of a task whose samples have one of a few labels each. */
    public static Scores ofLabels(String split, Map<String, Double> metrics, List<String> labels, long[][] matrix) {
        Confusion confusion = new Confusion(labels, matrix, List.of());
        return new Scores(split, metrics, Map.of(), confusion, Map.of(), List.of(), List.of(), List.of());
    }

    /** Returns the scores of a task whose samples have one of many labels each. */
    public static Scores ofManyLabels(
            String split,
            Map<String, Double> metrics,
            Map<String, PrecisionRecall> byLabel,
            List<Confused> mostFrequent) {
        Confusion confusion = new Confusion(List.of(), new long[0][], mostFrequent);
        return new Scores(split, metrics, Map.of(), confusion, byLabel, List.of(), List.of(), List.of());
    }

    /** Returns the scores of a task whose samples have several labels, tags or numbers. */
    public static Scores ofFigures(String split, Map<String, Double> metrics, Map<String, PrecisionRecall> byLabel) {
        return new Scores(split, metrics, Map.of(), Confusion.NONE, byLabel, List.of(), List.of(), List.of());
    }

    /** Returns the scores of a task that also measures the base model. */
    public static Scores ofText(
            String split, Map<String, Double> metrics, Map<String, Double> base, List<Answer> answers) {
        return new Scores(split, metrics, base, Confusion.NONE, Map.of(), answers, List.of(), List.of());
    }

    /**
     * Returns the metrics of held-out sets by the names of the sets. Those of the base model are beside them,
     * {@link #base(String)}.
     *
     * @param sets the run's own held-out split, which is {@value #OWN}, then the further sets
     */
    public static Map<String, Map<String, Double>> bySet(List<Scores> sets) {
        Map<String, Map<String, Double>> metrics = new LinkedHashMap<>();
        for (Scores set : sets) {
            String name = metrics.isEmpty() ? OWN : set.split();
            metrics.put(name, set.metrics());
            if (!set.base().isEmpty()) {
                metrics.put(base(name), set.base());
            }
        }
        return metrics;
    }

    /** Returns the name of the base model's metrics on a held-out set. */
    public static String base(String set) {
        return set.equals(OWN) ? "base" : "base_" + set;
    }

    /** Returns the same scores with those of a calibration. */
    Scores with(CalibrationRows.Measured calibration) {
        Map<String, Double> all = new LinkedHashMap<>(metrics);
        all.putAll(calibration.metrics());
        return new Scores(split, all, base, confusion, byLabel, answers, examples, calibration.reliability());
    }

    /** Returns the same scores with examples. */
    Scores with(List<Example> shown) {
        return new Scores(split, metrics, base, confusion, byLabel, answers, shown, reliability);
    }
}
