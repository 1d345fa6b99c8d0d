package io.github.sparkfinetune.core.metric;

import java.util.Map;

/**
 * A task's metrics, computed from counts of samples. The counts of parts of a split, such as those of the ranks or of
 * Spark's partitions, add up to the counts of the whole.
 */
public interface Metrics {
    /** A copy of the counts; sums of such arrays, element by element, are counts too. */
    double[] counts();

    /**
     * The same metrics of other counts.
     *
     * @param counts of {@link #counts()}, or sums of such
     */
    Metrics of(double[] counts);

    /** The metrics by name, in the order in which they are shown; without those that nothing was counted for. */
    Map<String, Double> values();

    /** Samples by their label (row) and the predicted one (column); no rows where samples do not have one label. */
    default long[][] confusion() {
        return new long[0][];
    }
}
