package io.github.sparkfinetune.core.metric;

import java.util.Arrays;

/** Areas of a ranking of samples by their definitions. */
record Ranking(double rocAuc, double averagePrecision) {
    static Ranking of(double[] positives, double[] negatives) {
        Arrays.sort(positives);
        Arrays.sort(negatives);
        double won = 0;
        double precisions = 0;
        for (double score : positives) {
            int below = first(negatives, score);
            int upTo = first(negatives, Math.nextUp(score));
            won += (below + upTo) / 2.0;
            double hits = positives.length - first(positives, score);
            precisions += hits / (hits + negatives.length - below);
        }
        return new Ranking(won / positives.length / negatives.length, precisions / positives.length);
    }

    /** Returns the number of values below a score. */
    private static int first(double[] sorted, double score) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < score) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
