package io.github.sparkfinetune.core.metric;

import java.util.Arrays;

/** Correlations of pairs (x_i, y_i), NaN where x or y is constant, as SciPy's. */
final class Correlation {
    private Correlation() {}

    /** Pearson's: Σ (x - x̄)(y - ȳ) / sqrt(Σ (x - x̄)² Σ (y - ȳ)²). */
    static double pearson(double[] x, double[] y) {
        if (isConstant(x) || isConstant(y)) {
            return Double.NaN;
        }
        double meanX = Arrays.stream(x).average().orElseThrow();
        double meanY = Arrays.stream(y).average().orElseThrow();
        double squaresX = 0;
        double squaresY = 0;
        double products = 0;
        for (int i = 0; i < x.length; i++) {
            squaresX += (x[i] - meanX) * (x[i] - meanX);
            squaresY += (y[i] - meanY) * (y[i] - meanY);
            products += (x[i] - meanX) * (y[i] - meanY);
        }
        return Math.max(-1, Math.min(1, products / (Math.sqrt(squaresX) * Math.sqrt(squaresY))));
    }

    /** Spearman's: Pearson's of the ranks, where equal values share the mean of their ranks. */
    static double spearman(double[] x, double[] y) {
        return pearson(ranks(x), ranks(y));
    }

    /** Whether all are equal; rounding of the mean makes deviations from it other than 0 even then. */
    static boolean isConstant(double[] values) {
        return Arrays.stream(values).allMatch(value -> value == values[0]);
    }

    private static double[] ranks(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double[] ranks = new double[values.length];
        for (int i = 0; i < ranks.length; i++) {
            // Of 1-based ranks first + 1 ... end.
            ranks[i] = Double.isNaN(values[i])
                    ? Double.NaN
                    : (below(sorted, values[i], false) + 1 + below(sorted, values[i], true)) / 2.0;
        }
        return ranks;
    }

    /** How many of the sorted values are below a value, or equal to it. */
    private static int below(double[] sorted, double value, boolean orEqual) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < value || (orEqual && sorted[middle] == value)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }
}
