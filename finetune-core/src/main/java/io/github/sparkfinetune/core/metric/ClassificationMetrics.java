package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Metrics of single-label classification: the mean cross-entropy, and metrics of the confusion matrix with
 * scikit-learn's defaults. A ratio with denominator 0 is 0. Averages over classes include the classes that occur among
 * the true or the predicted labels. Two classes also have {@code roc_auc} and {@code average_precision}, of the
 * probability of class 1. Both are missing if all samples are of one class. With more than 131,072 distinct
 * probabilities both are {@linkplain BinaryScores rounded}. Without samples, the metrics throw
 * {@link IllegalStateException}.
 *
 * <p>Memory does not grow with the number of samples. Each class has three counts; up to {@value #MOST_IN_A_MATRIX}
 * classes also have a confusion matrix. Counts are whole numbers, exact up to 2^53. With two classes, the observations
 * are their probabilities, at most 3 MB. Not thread-safe.
 */
public final class ClassificationMetrics implements Metrics {
    /** Maximum number of classes of a confusion matrix that a reader can still survey. */
    public static final int MOST_IN_A_MATRIX = 200;

    private static final int LOSS = 0;
    /** Index of the counts by class: true positives, then predicted samples, then true samples. */
    private static final int BY_CLASS = 1;

    private final List<String> labels;
    /** Counts by class, then the confusion matrix, if any, row by row; a row is a true class. */
    private final double[] counts;

    private final BinaryScores scores;

    /**
     * Creates metrics without counts.
     *
     * @param labels names of the classes by id, at least one
     */
    public ClassificationMetrics(List<String> labels) {
        this(List.copyOf(labels), new double[matrix(labels.size()) + matrixSize(labels.size())]);
    }

    private ClassificationMetrics(List<String> labels, double[] counts) {
        int classes = labels.size();
        if (classes < 1 || counts.length != matrix(classes) + matrixSize(classes)) {
            throw new IllegalArgumentException(classes + " classes, " + counts.length + " counts");
        }
        this.labels = labels;
        this.counts = counts;
        this.scores = new BinaryScores(BinaryScores.MOST_CELLS);
    }

    /** Returns the index of the confusion matrix. */
    private static int matrix(int classes) {
        return Math.addExact(BY_CLASS, Math.multiplyExact(3, classes));
    }

    private static int matrixSize(int classes) {
        return classes <= MOST_IN_A_MATRIX ? classes * classes : 0;
    }

    /** Returns the metrics by which models are compared. */
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
     * @param label class of the sample
     * @param predicted predicted class
     * @param probabilities predicted probabilities, by class
     * @param loss cross-entropy, in nats
     */
    public void add(int label, int predicted, double[] probabilities, double loss) {
        int classes = labels.size();
        if (label < 0 || label >= classes || predicted < 0 || predicted >= classes) {
            throw new IllegalArgumentException(
                    "label " + label + ", predicted " + predicted + " of " + classes + " classes");
        }
        if (probabilities.length != classes) {
            throw new IllegalArgumentException(probabilities.length + " probabilities of " + classes + " classes");
        }
        counts[LOSS] += loss;
        counts[BY_CLASS + label] += label == predicted ? 1 : 0;
        counts[BY_CLASS + classes + predicted]++;
        counts[BY_CLASS + 2 * classes + label]++;
        if (matrixSize(classes) > 0) {
            counts[matrix(classes) + label * classes + predicted]++;
        }
        if (classes == 2) {
            scores.add(label == 1, probabilities[1]);
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
        return labels.size() == 2 ? scores.toArray() : new double[0];
    }

    @Override
    public ClassificationMetrics of(double[] otherCounts, double[] observations) {
        ClassificationMetrics others = new ClassificationMetrics(labels, otherCounts.clone());
        for (int at = 0; at < observations.length; ) {
            at = others.scores.read(observations, at);
        }
        return others;
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", counts[LOSS] / total());
        values.put("accuracy", accuracy());
        PrecisionRecall macro = classScores().macroOverOccurring();
        values.put("f1_macro", macro.f1());
        values.put("f1_weighted", classScores().weighted().f1());
        values.put("precision_macro", macro.precision());
        values.put("recall_macro", macro.recall());
        values.put("mcc", matthewsCorrelation());
        if (scores.haveBoth()) {
            values.put("roc_auc", scores.rocAuc());
            values.put("average_precision", scores.averagePrecision());
        }
        return values;
    }

    /** Returns the confusion matrix; no rows if there are more than {@value #MOST_IN_A_MATRIX} classes. */
    @Override
    public long[][] confusion() {
        int rows = matrixSize(labels.size()) == 0 ? 0 : labels.size();
        long[][] matrix = new long[rows][rows];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < rows; column++) {
                matrix[row][column] = (long) counts[matrix(rows) + row * rows + column];
            }
        }
        return matrix;
    }

    @Override
    public Map<String, PrecisionRecall> byLabel() {
        return matrixSize(labels.size()) == 0 ? classScores().byName(labels) : Map.of();
    }

    /** Returns the share of samples whose class was predicted. */
    public double accuracy() {
        return correct() / total();
    }

    /**
     * Returns the Matthews correlation for any number of classes, (c s - Σ t p) / sqrt((s² - Σ p²)(s² - Σ t²)), with c
     * correct of s samples, and t true and p predicted samples of a class. It is 0 if truth or prediction is constant.
     */
    public double matthewsCorrelation() {
        double total = total();
        double both = 0;
        double truth = 0;
        double predicted = 0;
        for (int id = 0; id < labels.size(); id++) {
            both += truths(id) * predictions(id);
            truth += truths(id) * truths(id);
            predicted += predictions(id) * predictions(id);
        }
        double spread = (total * total - predicted) * (total * total - truth);
        return spread == 0 ? 0 : (correct() * total - both) / Math.sqrt(spread);
    }

    /** Returns the scores of the classes. */
    ClassScores classScores() {
        return ClassScores.of(counts, BY_CLASS, labels.size());
    }

    private double total() {
        double total =
                IntStream.range(0, labels.size()).mapToDouble(this::truths).sum();
        if (total == 0) {
            throw new IllegalStateException("no sample was counted");
        }
        return total;
    }

    private double correct() {
        return Arrays.stream(counts, BY_CLASS, BY_CLASS + labels.size()).sum();
    }

    /** Returns the number of samples of a class. */
    private double truths(int id) {
        return counts[BY_CLASS + 2 * labels.size() + id];
    }

    /** Returns the number of samples for which a class was predicted. */
    private double predictions(int id) {
        return counts[BY_CLASS + labels.size() + id];
    }
}
