package io.github.sparkfinetune.core.metric;

import java.util.Arrays;

/** Correlations of pairs (x_i, y_i), as SciPy's; NaN if x or y is constant. */
final class Correlation {
    private Correlation() {}

    /** Returns Pearson's correlation, Σ (x - x̄)(y - ȳ) / sqrt(Σ (x - x̄)² Σ (y - ȳ)²). */
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

    /** Returns Spearman's correlation: Pearson's of the ranks. Equal values share the mean of their ranks. */
    static double spearman(double[] x, double[] y) {
        return pearson(ranks(x), ranks(y));
    }

    /** Returns whether all values are equal. Deviations from the mean do not show it, because the mean is rounded. */
    static boolean isConstant(double[] values) {
        return Arrays.stream(values).allMatch(value -> value == values[0]);
    }

    private static double[] ranks(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double[] ranks = new double[values.length];
        for (int i = 0; i < ranks.length; i++) {
            // Mean of the 1-based ranks of equal values.
            ranks[i] = Double.isNaN(values[i])
                    ? Double.NaN
                    : (below(sorted, values[i], false) + 1 + below(sorted, values[i], true)) / 2.0;
        }
        return ranks;
    }

    /** Returns the number of sorted values below a value, or not above the value if {@code orEqual}. */
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
