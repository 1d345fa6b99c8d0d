package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Metrics of single-label classification, defined as scikit-learn's defaults: a ratio with denominator 0 is 0, and
 * averages over classes take those that occur among the true or the predicted labels.
 */
public final class ClassificationMetrics {
    private final long[][] confusion;
    private final long[] truths;
    private final long[] predictions;
    private final long total;
    private final long correct;

    private ClassificationMetrics(long[][] confusion) {
        int classes = confusion.length;
        this.confusion = confusion;
        this.truths = new long[classes];
        this.predictions = new long[classes];
        long hits = 0;
        for (int truth = 0; truth < classes; truth++) {
            if (confusion[truth].length != classes) {
                throw new IllegalArgumentException("row " + truth + " has not " + classes + " columns");
            }
            for (int predicted = 0; predicted < classes; predicted++) {
                truths[truth] += confusion[truth][predicted];
                predictions[predicted] += confusion[truth][predicted];
            }
            hits += confusion[truth][truth];
        }
        this.correct = hits;
        this.total = Arrays.stream(truths).sum();
        if (total == 0) {
            throw new IllegalArgumentException("no sample was counted");
        }
    }

    /**
     * Metrics of these counts.
     *
     * @param confusion {@code [truth][predicted]}, at least one sample
     */
    public static ClassificationMetrics of(long[][] confusion) {
        return new ClassificationMetrics(
                Arrays.stream(confusion).map(long[]::clone).toArray(long[][]::new));
    }

    /**
     * Scores of one class, or averaged over classes.
     *
     * @param precision true positives / predicted
     * @param recall true positives / true
     * @param f1 their harmonic mean (averaged: the average of the classes' own)
     * @param support true samples
     */
    public record Scores(double precision, double recall, double f1, long support) {}

    /** Share of samples whose class was predicted. */
    public double accuracy() {
        return (double) correct / total;
    }

    /**
     * Matthews correlation for any number of classes: (c s - Σ t p) / sqrt((s² - Σ p²)(s² - Σ t²)) with c correct of s
     * samples, t true and p predicted samples of a class; 0 when truth or prediction is constant.
     */
    public double matthewsCorrelation() {
        double squared = (double) total * total;
        double both = 0;
        double truth = 0;
        double predicted = 0;
        for (int i = 0; i < truths.length; i++) {
            both += (double) truths[i] * predictions[i];
            truth += (double) truths[i] * truths[i];
            predicted += (double) predictions[i] * predictions[i];
        }
        double spread = (squared - predicted) * (squared - truth);
        return spread == 0 ? 0 : ((double) correct * total - both) / Math.sqrt(spread);
    }

    /** Scores of one class. */
    public Scores ofClass(int id) {
        long hits = confusion[id][id];
        return new Scores(
                ratio(hits, predictions[id]),
                ratio(hits, truths[id]),
                ratio(2 * hits, predictions[id] + truths[id]),
                truths[id]);
    }

    /** Mean of the classes' scores. */
    public Scores macro() {
        double present = IntStream.range(0, truths.length)
                .filter(id -> truths[id] + predictions[id] > 0)
                .count();
        // A class that does not occur has scores of 0, so it adds nothing to the sum.
        return weighed(id -> 1 / present);
    }

    /** Mean of the classes' scores, each weighed by its true samples. */
    public Scores weighted() {
        return weighed(id -> (double) truths[id] / total);
    }

    /** Scores of all classes' counts together; with one label a sample each of them is the accuracy. */
    public Scores micro() {
        return new Scores(accuracy(), accuracy(), accuracy(), total);
    }

    /** The counts: {@code [truth][predicted]}. */
    public long[][] confusion() {
        return Arrays.stream(confusion).map(long[]::clone).toArray(long[][]::new);
    }

    /** The metrics by the names they have in {@code metrics.json}. */
    public Map<String, Double> asMap() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("accuracy", accuracy());
        values.put("f1_macro", macro().f1());
        values.put("f1_weighted", weighted().f1());
        values.put("precision_macro", macro().precision());
        values.put("recall_macro", macro().recall());
        values.put("mcc", matthewsCorrelation());
        return values;
    }

    private Scores weighed(java.util.function.IntToDoubleFunction weight) {
        double precision = 0;
        double recall = 0;
        double f1 = 0;
        for (int id = 0; id < truths.length; id++) {
            Scores scores = ofClass(id);
            precision += weight.applyAsDouble(id) * scores.precision();
            recall += weight.applyAsDouble(id) * scores.recall();
            f1 += weight.applyAsDouble(id) * scores.f1();
        }
        return new Scores(precision, recall, f1, total);
    }

    private static double ratio(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }
}
