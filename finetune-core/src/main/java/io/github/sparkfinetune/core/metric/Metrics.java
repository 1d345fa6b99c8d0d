package io.github.sparkfinetune.core.metric;

import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * A task's metrics, computed from what was seen of samples. What was seen of the parts of a split, such as those of the
 * ranks or of Spark's partitions, makes up what was seen of the whole: counts are added, observations put one after
 * another, in any order of the parts. The observations of a split come together in one process, so each class says how
 * many bytes they take there.
 */
public interface Metrics {
    /** A copy of the counts; sums of such arrays, element by element, are counts too. */
    double[] counts();

    /**
     * A copy of the observations, which are what can't be added up, such as the scores that a ranking needs; such
     * arrays one after another are observations too.
     */
    default double[] observations() {
        return new double[0];
    }

    /**
     * The same metrics of other samples.
     *
     * @param counts of {@link #counts()}, or sums of such
     * @param observations of {@link #observations()}, or such one after another
     */
    Metrics of(double[] counts, double[] observations);

    /**
     * The same metrics of a whole.
     *
     * @param counts of its parts
     * @param observations of its parts
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
     * The same metrics with more observations.
     *
     * @param others of {@link #observations()}, or such one after another
     */
    default Metrics with(double[] others) {
        double[] mine = observations();
        double[] all = Arrays.copyOf(mine, Math.addExact(mine.length, others.length));
        System.arraycopy(others, 0, all, mine.length, others.length);
        return of(counts(), all);
    }

    /**
     * The metrics by name, in the order in which they are shown; without those that are not defined for what was
     * counted. Beside those by which models are compared there may be figures that explain them.
     */
    Map<String, Double> values();

    /**
     * Samples by their label (row) and the predicted one (column); no rows where samples do not have one label, or
     * where there are too many labels for a matrix.
     */
    default long[][] confusion() {
        return new long[0][];
    }

    /**
     * Scores of each label, or type of entity, that occurs, by name; empty where there are none or where they follow
     * from {@link #confusion}.
     */
    default Map<String, PrecisionRecall> byLabel() {
        return Map.of();
    }
}
