package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.core.metric.PrecisionRecall;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How well a model does on held-out samples.
 *
 * @param split the split it was measured on
 * @param metrics by their names in {@code metrics.json}
 * @param base the same metrics of the base model, where it is measured; else empty
 * @param confusion which labels were predicted in place of which, where samples have one label each
 * @param byLabel scores of each label, or type of entity, by name, where they do not follow from a confusion matrix;
 *     else empty
 * @param answers a few of the generated answers
 * @param examples a few predictions, where they are right or wrong
 */
public record Scores(
        String split,
        Map<String, Double> metrics,
        Map<String, Double> base,
        Confusion confusion,
        Map<String, PrecisionRecall> byLabel,
        List<Answer> answers,
        List<Example> examples) {

    /**
     * Labels that were predicted in place of others: a matrix of few labels; of many, the most frequent pairs.
     *
     * @param labels names of the labels by id; empty without a matrix
     * @param matrix samples by true label (row) and predicted label (column)
     * @param pairs the most frequent ones of different labels, the most frequent first; empty with a matrix
     */
    public record Confusion(List<String> labels, long[][] matrix, List<Confused> pairs) {
        /** No confusion, as samples without one label each have. */
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
     * A label that was predicted in place of the true one.
     *
     * @param samples how often
     */
    public record Confused(String label, String predicted, long samples) {}

    /**
     * What was generated for a held-out prompt.
     *
     * @param prompt as the model reads it
     * @param reference the answer that the data has
     * @param generated the trained model's answer
     * @param base the base model's answer
     */
    public record Answer(String prompt, String reference, String generated, String base) {}

    /** Why an example is shown. */
    public enum Group {
        RIGHT,
        WRONG,
        /** Of the predictions that the model is least sure of. */
        UNCERTAIN
    }

    /**
     * What was predicted of a held-out sample.
     *
     * @param text what the model has read: one string, or its words, which then {@code expected} and {@code predicted}
     *     have a tag each for
     * @param expected what the data says
     * @param predicted what the model says
     * @param score how sure it is, or null
     */
    public record Example(Group group, List<String> text, List<String> expected, List<String> predicted, Double score) {
        public Example {
            text = List.copyOf(text);
            expected = List.copyOf(expected);
            predicted = List.copyOf(predicted);
        }
    }

    public Scores {
        // In the order that they are shown in.
        metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
        base = Collections.unmodifiableMap(new LinkedHashMap<>(base));
        byLabel = Collections.unmodifiableMap(new LinkedHashMap<>(byLabel));
        answers = List.copyOf(answers);
        examples = List.copyOf(examples);
    }

    /** Returns the scores of a task whose samples have one of a few labels each. */
    public static Scores ofLabels(String split, Map<String, Double> metrics, List<String> labels, long[][] matrix) {
        Confusion confusion = new Confusion(labels, matrix, List.of());
        return new Scores(split, metrics, Map.of(), confusion, Map.of(), List.of(), List.of());
    }

    /** Returns the scores of a task whose samples have one of many labels each. */
    public static Scores ofManyLabels(
            String split,
            Map<String, Double> metrics,
            Map<String, PrecisionRecall> byLabel,
            List<Confused> mostFrequent) {
        Confusion confusion = new Confusion(List.of(), new long[0][], mostFrequent);
        return new Scores(split, metrics, Map.of(), confusion, byLabel, List.of(), List.of());
    }

    /** Of a task whose samples have several labels, tags or numbers. */
    public static Scores ofFigures(String split, Map<String, Double> metrics, Map<String, PrecisionRecall> byLabel) {
        return new Scores(split, metrics, Map.of(), Confusion.NONE, byLabel, List.of(), List.of());
    }

    /** Of a task whose base model is measured too. */
    public static Scores ofText(
            String split, Map<String, Double> metrics, Map<String, Double> base, List<Answer> answers) {
        return new Scores(split, metrics, base, Confusion.NONE, Map.of(), answers, List.of());
    }

    /** The same with examples. */
    Scores with(List<Example> shown) {
        return new Scores(split, metrics, base, confusion, byLabel, answers, shown);
    }
}
