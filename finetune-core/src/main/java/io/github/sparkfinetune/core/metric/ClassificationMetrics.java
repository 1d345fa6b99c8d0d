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
 * the true or the predicted labels. For two classes {@code roc_auc} and {@code average_precision} too, of the
 * probability of class 1; there is none where all samples are of one class. Of no sample there are no metrics
 * ({@link IllegalStateException}). Counts are whole numbers, exact to 2^53. Observations are the probabilities of class
 * 1: for two classes 8 bytes a sample, else none. Not thread-safe.
 */
public final class ClassificationMetrics implements Metrics {
    private final int classes;
    /** The confusion matrix row by row, a row a true class, and the sum of the cross-entropies. */
    private final double[] counts;
    /** By sample, see {@link BinaryScores}. */
    private final Observations scores;

    /**
     * No counts yet.
     *
     * @param classes number of classes, at least 1
     */
    public ClassificationMetrics(int classes) {
        this(classes, new double[Math.addExact(Math.multiplyExact(classes, classes), 1)], new Observations());
    }

    private ClassificationMetrics(int classes, double[] counts, Observations scores) {
        if (classes < 1 || counts.length != classes * classes + 1) {
            throw new IllegalArgumentException(classes + " classes, " + counts.length + " counts");
        }
        this.classes = classes;
        this.counts = counts;
        this.scores = scores;
    }

    /** What models are compared by. */
    public static List<Metric> all() {
        return List.of(
                new Metric("loss", false),
                new Metric("accuracy", true),
                new Metric("f1_macro", true),
                new Metric("f1_weighted", true),
                new Metric("precision_macro", true),
                new Metric("recall_macro", true),
                new Metric("mcc", true),
                new Metric("roc_auc", true),
                new Metric("average_precision", true));
    }

    /**
     * Counts a sample.
     *
     * @param label its class
     * @param predicted the model's
     * @param probabilities the model's, by class
     * @param loss cross-entropy, in nats
     */
    public void add(int label, int predicted, double[] probabilities, double loss) {
        if (label < 0 || label >= classes || predicted < 0 || predicted >= classes) {
            throw new IllegalArgumentException(
                    "label " + label + ", predicted " + predicted + " of " + classes + " classes");
        }
        if (probabilities.length != classes) {
            throw new IllegalArgumentException(probabilities.length + " probabilities of " + classes + " classes");
        }
        counts[label * classes + predicted]++;
        counts[classes * classes] += loss;
        if (classes == 2) {
            scores.add(BinaryScores.sample(label == 1, probabilities[1]));
        }
    }

    /** Counts a sample by the model's logits [classes]. */
    public void add(int label, float[] logits) {
        add(label, Softmax.argmax(logits), Softmax.probabilities(logits), Softmax.crossEntropy(logits, label));
    }

    @Override
    public double[] counts() {
        return counts.clone();
    }

    @Override
    public double[] observations() {
        return scores.toArray();
    }

    @Override
    public ClassificationMetrics of(double[] otherCounts, double[] observations) {
        return new ClassificationMetrics(classes, otherCounts.clone(), new Observations(observations));
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", counts[classes * classes] / total());
        values.put("accuracy", accuracy());
        PrecisionRecall macro = classScores().macroOfThoseThatOccur();
        values.put("f1_macro", macro.f1());
        values.put("f1_weighted", classScores().weighted().f1());
        values.put("precision_macro", macro.precision());
        values.put("recall_macro", macro.recall());
        values.put("mcc", matthewsCorrelation());
        BinaryScores binary = new BinaryScores(scores.toArray());
        if (binary.haveBoth()) {
            values.put("roc_auc", binary.rocAuc());
            values.put("average_precision", binary.averagePrecision());
        }
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

    /** Scores of the classes. */
    ClassScores classScores() {
        return new ClassScores(each(id -> counts[id * classes + id]), each(this::predictions), each(this::truths));
    }

    private double[] each(IntToDoubleFunction count) {
        return IntStream.range(0, classes).mapToDouble(count).toArray();
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
}
