package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/** Precision, recall and F1 of classes, and their averages, as in scikit-learn and seqeval. */
final class ClassScores {
    private final double[] hits;
    private final double[] predicted;
    private final double[] truths;

    /**
     * Creates the scores from counts by class.
     *
     * @param hits true positives
     * @param predicted number of predictions of a class
     * @param truths number of true samples of a class
     */
    ClassScores(double[] hits, double[] predicted, double[] truths) {
        this.hits = hits;
        this.predicted = predicted;
        this.truths = truths;
    }

    /**
     * Returns the scores from the counts of n classes in an array.
     *
     * @param from index of n counts of true positives, then n of predictions, then n of true samples
     */
    static ClassScores of(double[] counts, int from, int n) {
        return new ClassScores(
                Arrays.copyOfRange(counts, from, from + n),
                Arrays.copyOfRange(counts, from + n, from + 2 * n),
                Arrays.copyOfRange(counts, from + 2 * n, from + 3 * n));
    }

    /** Returns the scores of one class. */
    PrecisionRecall ofClass(int id) {
        return PrecisionRecall.of(hits[id], predicted[id], truths[id]);
    }

    /** Returns whether a class is true or predicted for a sample. */
    boolean occurs(int id) {
        return truths[id] + predicted[id] > 0;
    }

    /**
     * Returns the scores of the classes that occur, by name.
     *
     * @param names names of the classes
     */
    Map<String, PrecisionRecall> byName(List<String> names) {
        Map<String, PrecisionRecall> scores = new LinkedHashMap<>();
        for (int id = 0; id < truths.length; id++) {
            if (occurs(id)) {
                scores.put(names.get(id), ofClass(id));
            }
        }
        return scores;
    }

    /** Returns the scores of all classes' counts together. */
    PrecisionRecall micro() {
        return PrecisionRecall.of(sum(hits), sum(predicted), sum(truths));
    }

    /** Returns the mean of the scores of all classes. */
    PrecisionRecall macro() {
        return weightedBy(id -> 1.0 / truths.length);
    }

    /** Returns the mean of the scores of the classes that occur, or NaN if none occurs. */
    PrecisionRecall macroOverOccurring() {
        double occurring =
                IntStream.range(0, truths.length).filter(this::occurs).count();
        // A class that does not occur has scores of 0, so it adds nothing to the sum.
        return weightedBy(id -> occurring == 0 ? Double.NaN : 1 / occurring);
    }

    /** Returns the mean of the classes' scores, weighted by true samples; 0 without true samples. */
    PrecisionRecall weighted() {
        double total = Math.max(sum(truths), 1);
        return weightedBy(id -> truths[id] / total);
    }

    private PrecisionRecall weightedBy(IntToDoubleFunction weight) {
        double precision = 0;
        double recall = 0;
        double f1 = 0;
        for (int id = 0; id < truths.length; id++) {
            PrecisionRecall scores = ofClass(id);
            precision += weight.applyAsDouble(id) * scores.precision();
            recall += weight.applyAsDouble(id) * scores.recall();
            f1 += weight.applyAsDouble(id) * scores.f1();
        }
        return new PrecisionRecall(precision, recall, f1, (long) sum(truths));
    }

    private static double sum(double[] counts) {
        return Arrays.stream(counts).sum();
    }
}
