package io.github.sparkfinetune.core.calibration;

import io.github.sparkfinetune.conf.PredictConfig.ConformityScore;
import io.github.sparkfinetune.core.metric.Softmax;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Sets of labels that hold the right one with a chosen probability (split conformal prediction). The score of a label
 * says how little it conforms; a set holds the labels whose score is at most the quantile of the scores of right
 * labels.
 */
public final class PredictionSets {
    /** As in MAPIE: sums of all probabilities are 1 up to rounding. */
    private static final double TOLERANCE = 1e-8;

    private PredictionSets() {}

    /** Returns the score of each label. */
    public static double[] scores(ConformityScore kind, double[] probabilities) {
        return switch (kind) {
            case LAC -> Arrays.stream(probabilities).map(p -> 1 - p).toArray();
            case APS -> cumulated(probabilities);
        };
    }

    /** Returns for each label the sum of its probability and of those that come before it, the largest first. */
    private static double[] cumulated(double[] probabilities) {
        int[] order = IntStream.range(0, probabilities.length)
                .boxed()
                .sorted((a, b) -> Double.compare(probabilities[b], probabilities[a]))
                .mapToInt(Integer::intValue)
                .toArray();
        double[] sums = new double[probabilities.length];
        double sum = 0;
        for (int label : order) {
            sum += probabilities[label];
            sums[label] = sum;
        }
        return sums;
    }

    /**
     * Returns the ids of the labels in a set, in ascending order. A set of {@link ConformityScore#APS} holds at least
     * the most probable label.
     *
     * @param quantile {@link Calibration#quantile}
     */
    public static int[] labels(ConformityScore kind, double[] probabilities, double quantile) {
        double[] scores = scores(kind, probabilities);
        int always = kind == ConformityScore.APS ? Softmax.argmax(probabilities) : -1;
        return IntStream.range(0, scores.length)
                .filter(label -> scores[label] <= quantile + TOLERANCE || label == always)
                .toArray();
    }
}
