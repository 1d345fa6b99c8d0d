package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/** Counts predictions of single-label classification; counts of several ranks or tasks can be added up. */
public final class ClassificationTally {
    private final ConfusionMatrix confusion;
    private double lossSum;

    /**
     * An empty tally.
     *
     * @param classes what the model tells apart
     */
    public ClassificationTally(int classes) {
        this.confusion = new ConfusionMatrix(classes);
    }

    /** A tally with the numbers of {@link #numbers}, or with sums of such. */
    public static ClassificationTally ofNumbers(int classes, double[] numbers) {
        ClassificationTally tally = new ClassificationTally(classes);
        tally.confusion.add(ConfusionMatrix.ofCounts(classes, Arrays.copyOf(numbers, numbers.length - 1)));
        tally.lossSum = numbers[numbers.length - 1];
        return tally;
    }

    /** The counts and the sum of the losses, in an order of their own. */
    public double[] numbers() {
        double[] counts = confusion.counts();
        double[] numbers = Arrays.copyOf(counts, counts.length + 1);
        numbers[counts.length] = lossSum;
        return numbers;
    }

    /** Counts one sample: its label against the highest logit, and its cross-entropy. */
    public void add(int label, float[] logits) {
        confusion.add(label, highest(logits));
        lossSum -= Math.log(probabilities(logits)[label]);
    }

    /** Place of the highest value, the first of equals. */
    public static int highest(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[best]) {
                best = i;
            }
        }
        return best;
    }

    /** Softmax, computed in double precision. */
    public static double[] probabilities(float[] logits) {
        double max = logits[highest(logits)];
        double[] p = new double[logits.length];
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] = Math.exp(logits[i] - max);
            sum += p[i];
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= sum;
        }
        return p;
    }

    /** Rows are true labels, columns predictions. */
    public long[][] confusion() {
        return confusion.toArray();
    }

    /** Mean loss, and the metrics of {@link ClassificationMetrics#asMap}. */
    public Map<String, Double> metrics() {
        long count = Arrays.stream(confusion()).flatMapToLong(Arrays::stream).sum();
        Map<String, Double> metrics = new LinkedHashMap<>();
        metrics.put("loss", lossSum / count);
        metrics.putAll(ClassificationMetrics.of(confusion()).asMap());
        return metrics;
    }
}
