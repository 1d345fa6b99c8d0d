package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * Metrics of single-label classification: the mean cross-entropy, and what follows from the confusion matrix, defined
 * as scikit-learn's defaults: a ratio with denominator 0 is 0, and averages over classes take those that occur among
 * the true or the predicted labels. Of no sample there are no metrics ({@link IllegalStateException}). Counts are whole
 * numbers, exact to 2^53. Not thread-safe.
 */
public final class ClassificationMetrics implements Metrics {
    private final int classes;
    /** The confusion matrix row by row, a row a true class, and the sum of the cross-entropies. */
    private final double[] counts;

    /**
     * No counts yet.
     *
     * @param classes number of classes, at least 1
     */
    public ClassificationMetrics(int classes) {
        this(classes, new double[Math.addExact(Math.multiplyExact(classes, classes), 1)]);
    }

    private ClassificationMetrics(int classes, double[] counts) {
        if (classes < 1 || counts.length != classes * classes + 1) {
            throw new IllegalArgumentException(classes + " classes, " + counts.length + " counts");
        }
        this.classes = classes;
        this.counts = counts;
    }

    /** What is measured. */
    public static List<Metric> all() {
        return List.of(
                new Metric("loss", false),
                new Metric("accuracy", true),
                new Metric("f1_macro", true),
                new Metric("f1_weighted", true),
                new Metric("precision_macro", true),
                new Metric("recall_macro", true),
                new Metric("mcc", true));
    }

    /**
     * Counts a sample.
     *
     * @param label its class
     * @param predicted the model's
     * @param loss cross-entropy, in nats
     */
    public void add(int label, int predicted, double loss) {
        if (label < 0 || label >= classes || predicted < 0 || predicted >= classes) {
            throw new IllegalArgumentException(
                    "label " + label + ", predicted " + predicted + " of " + classes + " classes");
        }
        counts[label * classes + predicted]++;
        counts[classes * classes] += loss;
    }

    /** Counts a sample by the model's logits [classes]. */
    public void add(int label, float[] logits) {
        add(label, Softmax.argmax(logits), Softmax.crossEntropy(logits, label));
    }

    @Override
    public double[] counts() {
        return counts.clone();
    }

    @Override
    public ClassificationMetrics of(double[] others) {
        return new ClassificationMetrics(classes, others.clone());
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", counts[classes * classes] / total());
        values.put("accuracy", accuracy());
        Scores macro = macro();
        values.put("f1_macro", macro.f1());
        values.put("f1_weighted", weighted().f1());
        values.put("precision_macro", macro.precision());
        values.put("recall_macro", macro.recall());
        values.put("mcc", matthewsCorrelation());
        return values;
    }

    @Override
    public long[][] confusion() {
        long[][] matrix = new long[classes][classes];
        for (int i = 0; i < classes * classes; i++) {
            matrix[i / classes][i % classes] = (long) counts[i];
        }
        return matrix;
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
        return correct() / total();
    }

    /**
     * Matthews correlation for any number of classes: (c s - Σ t p) / sqrt((s² - Σ p²)(s² - Σ t²)) with c correct of s
     * samples, t true and p predicted samples of a class; 0 when truth or prediction is constant.
     */
    public double matthewsCorrelation() {
        double total = total();
        double both = 0;
        double truth = 0;
        double predicted = 0;
        for (int id = 0; id < classes; id++) {
            both += truths(id) * predictions(id);
            truth += truths(id) * truths(id);
            predicted += predictions(id) * predictions(id);
        }
        double spread = (total * total - predicted) * (total * total - truth);
        return spread == 0 ? 0 : (correct() * total - both) / Math.sqrt(spread);
    }

    /** Scores of one class. */
    public Scores ofClass(int id) {
        double hits = counts[id * classes + id];
        double truths = truths(id);
        double predictions = predictions(id);
        return new Scores(
                ratio(hits, predictions), ratio(hits, truths), ratio(2 * hits, predictions + truths), (long) truths);
    }

    /** Mean of the classes' scores. */
    public Scores macro() {
        double present = IntStream.range(0, classes)
                .filter(id -> truths(id) + predictions(id) > 0)
                .count();
        // A class that does not occur has scores of 0, so it adds nothing to the sum.
        return weighed(id -> 1 / present);
    }

    /** Mean of the classes' scores, each weighed by its true samples. */
    public Scores weighted() {
        double total = total();
        return weighed(id -> truths(id) / total);
    }

    /** Scores of all classes' counts together; with one label a sample each of them is the accuracy. */
    public Scores micro() {
        return new Scores(accuracy(), accuracy(), accuracy(), (long) total());
    }

    private Scores weighed(IntToDoubleFunction weight) {
        double precision = 0;
        double recall = 0;
        double f1 = 0;
        for (int id = 0; id < classes; id++) {
            Scores scores = ofClass(id);
            precision += weight.applyAsDouble(id) * scores.precision();
            recall += weight.applyAsDouble(id) * scores.recall();
            f1 += weight.applyAsDouble(id) * scores.f1();
        }
        return new Scores(precision, recall, f1, (long) total());
    }

    private double total() {
        double total = Arrays.stream(counts, 0, classes * classes).sum();
        if (total == 0) {
            throw new IllegalStateException("no sample was counted");
        }
        return total;
    }

    private double correct() {
        return IntStream.range(0, classes)
                .mapToDouble(id -> counts[id * classes + id])
                .sum();
    }

    /** Samples of a class. */
    private double truths(int id) {
        return Arrays.stream(counts, id * classes, (id + 1) * classes).sum();
    }

    /** Samples that a class was predicted for. */
    private double predictions(int id) {
        return IntStream.range(0, classes)
                .mapToDouble(truth -> counts[truth * classes + id])
                .sum();
    }

    private static double ratio(double part, double whole) {
        return whole == 0 ? 0 : part / whole;
    }
}
