package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Metrics of a task, computed from counts and observations of samples. A split is measured in parts, such as those of
 * the ranks or of Spark's partitions. The counts of the parts are added, and their observations are concatenated, in
 * any order of the parts. One process collects the observations of a split, so each class documents their size in
 * bytes.
 */
public interface Metrics {
    /** Returns a copy of the counts. The element-wise sum of the counts of parts is the counts of the whole. */
    double[] counts();

    /**
     * Returns a copy of the observations: values that cannot be added up, such as the scores of a ranking. The
     * concatenated observations of parts are the observations of the whole.
     */
    default double[] observations() {
        return new double[0];
    }

    /**
     * Returns the same metrics for other samples.
     *
     * @param counts result of {@link #counts()}, or a sum of results
     * @param observations result of {@link #observations()}, or concatenated results
     */
    Metrics of(double[] counts, double[] observations);

    /**
     * Returns the same metrics for a whole split.
     *
     * @param counts counts of the parts
     * @param observations observations of the parts
     */
    default Metrics ofParts(List<double[]> counts, List<double[]> observations) {
        double[] sums = new double[counts().length];
        for (double[] part : counts) {
            Arrays.setAll(sums, i -> sums[i] + part[i]);
        }
        double[] all = observations.stream().flatMapToDouble(Arrays::stream).toArray();
        return of(sums, all);
    }

    /**
     * Returns the same metrics with more observations.
     *
     * @param others result of {@link #observations()}, or concatenated results
     */
    default Metrics with(double[] others) {
        double[] mine = observations();
        double[] all = Arrays.copyOf(mine, Math.addExact(mine.length, others.length));
        System.arraycopy(others, 0, all, mine.length, others.length);
        return of(counts(), all);
    }

    /**
     * Returns the metrics by name, in the order in which they are shown. Metrics that are not defined for the samples
     * are missing. The map may also have values that explain the metrics by which models are compared.
     */
    Map<String, Double> values();

    /**
     * Returns the number of samples by true label (row) and predicted label (column). There are no rows if samples do
     * not have exactly one label, or if there are too many labels for a matrix.
     */
    default long[][] confusion() {
        return new long[0][];
    }

    /**
     * Returns the scores of each label, or entity type, that occurs, by name. The map is empty if there are no such
     * scores or if they follow from {@link #confusion}.
     */
    default Map<String, PrecisionRecall> byLabel() {
        return Map.of();
    }
}
