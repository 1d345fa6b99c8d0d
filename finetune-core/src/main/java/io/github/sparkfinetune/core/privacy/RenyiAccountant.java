package io.github.sparkfinetune.core.privacy;

import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * Privacy loss of steps that each add Gaussian noise to a sum over a Poisson sample: Rényi differential privacy of the
 * sampled Gaussian mechanism (Mironov, Talwar and Zhang, 2019), converted by theorem 21 of Balle and others, 2020. Two
 * datasets are neighbours if one has a sample more.
 *
 * <p>With sampling rate q and noise multiplier σ, one step costs at order α &gt; 1
 *
 * <pre>
 * rdp(α) = 1 / (α - 1) · ln E[(1 - q + q · exp((2x - 1) / 2σ²))^α],   x ~ N(0, σ²)
 * </pre>
 *
 * and T steps give, for every order, ε = T · rdp(α) + ln((α - 1) / α) - (ln δ + ln α) / (α - 1).
 */
public final class RenyiAccountant {
    /** Orders of Opacus: 1.1 to 10.9, then 12 to 63; the best of them is a little worse than the best of all. */
    private static final double[] ORDERS = DoubleStream.concat(
                    IntStream.range(1, 100).mapToDouble(tenth -> 1 + tenth / 10.0),
                    IntStream.range(12, 64).asDoubleStream())
            .toArray();
    /** The integrand is below 1e-30 of its largest value outside of so many standard deviations. */
    private static final double WIDTHS = 13;

    /** With less noise a step costs hundreds, and the bound without sampling is taken. */
    private static final double LITTLE_NOISE = 0.05;

    private static final double MOST_NOISE = 1e6;

    private RenyiAccountant() {}

    /**
     * Returns epsilon of a number of steps.
     *
     * @param noiseMultiplier σ, above 0
     * @param sampleRate q, in (0, 1]
     * @param delta in (0, 1)
     */
    public static double epsilon(double noiseMultiplier, double sampleRate, long steps, double delta) {
        if (!(noiseMultiplier > 0) || !(sampleRate > 0 && sampleRate <= 1) || steps < 0 || !(delta > 0 && delta < 1)) {
            throw new IllegalArgumentException("noise multiplier " + noiseMultiplier + ", sampling rate " + sampleRate
                    + ", " + steps + " steps, delta " + delta);
        }
        if (steps == 0) {
            return 0;
        }
        double least = Double.POSITIVE_INFINITY;
        for (double order : ORDERS) {
            double epsilon = steps * rdp(noiseMultiplier, sampleRate, order)
                    + Math.log1p(-1 / order)
                    - (Math.log(delta) + Math.log(order)) / (order - 1);
            least = Math.min(least, epsilon);
        }
        return Math.max(0, least);
    }

    /**
     * Returns the smallest noise multiplier, to 0.1 %, with which a number of steps costs at most an epsilon.
     *
     * @return infinity if no noise is enough
     */
    public static double noiseMultiplier(double epsilon, double sampleRate, long steps, double delta) {
        double high = 1;
        while (epsilon(high, sampleRate, steps, delta) > epsilon) {
            high *= 2;
            if (high > MOST_NOISE) {
                return Double.POSITIVE_INFINITY;
            }
        }
        double low = high;
        while (epsilon(low, sampleRate, steps, delta) <= epsilon) {
            low /= 2;
        }
        while (high - low > 1e-3 * low) {
            double middle = (low + high) / 2;
            if (epsilon(middle, sampleRate, steps, delta) <= epsilon) {
                high = middle;
            } else {
                low = middle;
            }
        }
        return high;
    }

    static double rdp(double sigma, double rate, double order) {
        if (rate == 1 || sigma < LITTLE_NOISE) {
            return order / (2 * sigma * sigma);
        }
        return logMoment(sigma, rate, order) / (order - 1);
    }

    /**
     * Returns the logarithm of the expectation by the trapezoidal rule, which converges exponentially for it. The
     * integrand has its largest values between the means 0 and α of the two Gaussians that it is a mixture of.
     */
    private static double logMoment(double sigma, double rate, double order) {
        double from = -WIDTHS * sigma;
        // The Gaussians are as wide as σ, and the one takes over from the other within σ².
        double step = Math.min(sigma / 8, sigma * sigma / 2);
        int points = (int) Math.ceil((order + 2 * WIDTHS * sigma) / step);
        double width = (order + 2 * WIDTHS * sigma) / points;
        double[] logs = new double[points + 1];
        double largest = Double.NEGATIVE_INFINITY;
        for (int i = 0; i <= points; i++) {
            double x = from + i * width;
            double ratio = (2 * x - 1) / (2 * sigma * sigma);
            logs[i] = order * logSum(Math.log1p(-rate), Math.log(rate) + ratio) - x * x / (2 * sigma * sigma);
            largest = Math.max(largest, logs[i]);
        }
        double sum = 0;
        for (double log : logs) {
            sum += Math.exp(log - largest);
        }
        return largest + Math.log(sum * width / (sigma * Math.sqrt(2 * Math.PI)));
    }

    /** Returns ln(exp(a) + exp(b)). */
    private static double logSum(double a, double b) {
        double larger = Math.max(a, b);
        return larger + Math.log1p(Math.exp(Math.min(a, b) - larger));
    }
}
