package io.github.sparkfinetune.core.rank;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * CoSENT: with scaled cosines s and scores y of some pairs, the loss log(1 + Σ exp(s_j - s_i)) over all i and j with
 * y_i > y_j. It takes n log n steps for n pairs. Source: {@code CoSENTLoss} of {@code sentence-transformers}.
 *
 * @param loss the loss
 * @param slopes derivative of the loss with respect to each s
 */
public record Cosent(double loss, double[] slopes) {
    /** Largest scale of cosines whose exponentials are finite. */
    public static final double MAX_SCALE = 300;

    /**
     * Returns the loss of some pairs.
     *
     * @param scaled cosine of each pair times a scale of at most {@link #MAX_SCALE}
     * @param scores score of each pair
     */
    public static Cosent of(double[] scaled, double[] scores) {
        int n = scaled.length;
        Integer[] order = IntStream.range(0, n).boxed().toArray(Integer[]::new);
        Arrays.sort(order, Comparator.comparingDouble(i -> scores[i]));
        // Sums over the pairs with a lower, or a higher, score.
        double[] lower = new double[n];
        double[] higher = new double[n];
        sums(order, scores, scaled, 1, lower);
        Integer[] reversed = order.clone();
        for (int i = 0; i < n; i++) {
            reversed[i] = order[n - 1 - i];
        }
        sums(reversed, scores, scaled, -1, higher);
        double total = 1;
        for (int i = 0; i < n; i++) {
            total += lower[i] * Math.exp(-scaled[i]);
        }
        double[] slopes = new double[n];
        for (int i = 0; i < n; i++) {
            slopes[i] = (higher[i] * Math.exp(scaled[i]) - lower[i] * Math.exp(-scaled[i])) / total;
        }
        return new Cosent(Math.log(total), slopes);
    }

    /** Sets the sum of exp(sign s) over the pairs that come before a pair in the order and have another score. */
    private static void sums(Integer[] order, double[] scores, double[] scaled, int sign, double[] sums) {
        double sum = 0;
        int at = 0;
        while (at < order.length) {
            int end = at;
            while (end < order.length && scores[order[end]] == scores[order[at]]) {
                sums[order[end++]] = sum;
            }
            for (; at < end; at++) {
                sum += Math.exp(sign * scaled[order[at]]);
            }
        }
    }
}
