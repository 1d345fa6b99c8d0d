package io.github.sparkfinetune.core.metric;

import java.util.Arrays;

/**
 * How well scores tell samples of a class from the others, as scikit-learn's {@code roc_auc_score} and
 * {@code average_precision_score}. A score that is no number makes both none.
 *
 * <p>A sample is one number: its score, which is not negative, with a minus (that of a zero too) where the sample is
 * not of the class.
 */
final class BinaryScores {
    private final double[] positives;
    private final double[] negatives;

    /**
     * Of samples in any order.
     *
     * @param samples of {@link #sample}
     */
    BinaryScores(double[] samples) {
        double[] sorted = samples.clone();
        Arrays.sort(sorted);
        int others = 0;
        while (others < sorted.length && Math.copySign(1, sorted[others]) < 0) {
            others++;
        }
        positives = Arrays.copyOfRange(sorted, others, sorted.length);
        negatives = new double[others];
        for (int i = 0; i < others; i++) {
            negatives[i] = -sorted[others - 1 - i];
        }
    }

    /** A sample as one number. */
    static double sample(boolean ofTheClass, double score) {
        if (score < 0) {
            throw new IllegalArgumentException("score " + score);
        }
        return Math.copySign(score, ofTheClass ? 1 : -1);
    }

    /** Whether there are samples both of the class and of none. */
    boolean haveBoth() {
        return positives.length > 0 && negatives.length > 0;
    }

    /**
     * Area under the curve of the true positive rate over the false positive rate: the probability that a sample of the
     * class scores higher than one that is not, where equal scores count half. NaN unless {@link #haveBoth}.
     */
    double rocAuc() {
        if (!haveBoth() || isUndefined()) {
            return Double.NaN;
        }
        long twice = 0;
        int below = 0;
        int upTo = 0;
        for (double score : positives) {
            while (below < negatives.length && negatives[below] < score) {
                below++;
            }
            while (upTo < negatives.length && negatives[upTo] <= score) {
                upTo++;
            }
            twice += (long) below + upTo;
        }
        return twice / (2.0 * positives.length * negatives.length);
    }

    /**
     * Σ (R_n - R_{n-1}) P_n over the distinct scores as thresholds, highest first, with recall R and precision P; 0
     * without a sample of the class.
     */
    double averagePrecision() {
        if (isUndefined()) {
            return Double.NaN;
        }
        double sum = 0;
        int hits = positives.length - 1;
        int others = negatives.length - 1;
        while (hits >= 0) {
            double threshold = positives[hits];
            int before = hits;
            while (hits >= 0 && positives[hits] == threshold) {
                hits--;
            }
            while (others >= 0 && negatives[others] >= threshold) {
                others--;
            }
            double found = positives.length - 1.0 - hits;
            sum += (before - hits) * found / (found + negatives.length - 1 - others);
        }
        return positives.length == 0 ? 0 : sum / positives.length;
    }

    /** Sorting puts what is no number last, whatever its sign. */
    private boolean isUndefined() {
        return positives.length > 0 && Double.isNaN(positives[positives.length - 1]);
    }
}
