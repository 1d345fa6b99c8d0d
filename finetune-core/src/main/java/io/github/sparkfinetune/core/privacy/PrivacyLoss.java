package io.github.sparkfinetune.core.privacy;

import org.apache.commons.math3.special.Erf;
import org.jtransforms.fft.DoubleFFT_1D;
import pl.edu.icm.jlargearrays.ConcurrencyUtils;

/**
 * Distribution of the privacy loss ln(P / Q) under P, on a grid, never better than the true one ("connect the dots",
 * Doroshenko and others, 2022). The mass of an interval goes to its two ends so that the interval keeps its mass under
 * P and under Q.
 *
 * @param spacing distance of grid points
 * @param first index of the first grid point: it stands for the loss {@code first * spacing}
 * @param masses masses of the grid points under P
 * @param infinite mass of infinite loss
 */
record PrivacyLoss(double spacing, long first, double[] masses, double infinite) {
    /** Mass of each tail that is moved to an infinite or a higher loss. */
    private static final double TAIL = 1e-15;
    /** Deviations of a Gaussian beyond which its mass is far below {@link #TAIL}. */
    private static final double WIDTHS = 9;

    /**
     * Returns the loss of a step that adds N(0, σ²) to a sum over a Poisson sample, towards the dataset that lacks the
     * sample.
     *
     * @param sigma noise multiplier
     * @param rate sampling rate
     */
    static PrivacyLoss ofRemoving(double sigma, double rate, double spacing) {
        long first = (long) Math.floor(loss(sigma, rate, -WIDTHS * sigma) / spacing);
        long last = (long) Math.ceil(loss(sigma, rate, 1 + WIDTHS * sigma) / spacing);
        double[] points = points(sigma, rate, first, last, spacing);
        double[] without = masses(points, 0, sigma);
        return of(first, spacing, mixed(rate, without, masses(points, 1, sigma)), without);
    }

    /** Returns the loss of such a step towards the dataset that has the sample. */
    static PrivacyLoss ofAdding(double sigma, double rate, double spacing) {
        long first = (long) Math.floor(-loss(sigma, rate, WIDTHS * sigma) / spacing);
        long last = (long) Math.ceil(-loss(sigma, rate, -WIDTHS * sigma) / spacing);
        double[] points = points(sigma, rate, first, last, -spacing);
        double[] without = masses(points, 0, sigma);
        return of(first, spacing, without, mixed(rate, without, masses(points, 1, sigma)));
    }

    /** Returns the x of each loss of a grid, between infinite points. */
    private static double[] points(double sigma, double rate, long first, long last, double spacing) {
        double[] points = new double[Math.toIntExact(last - first + 3)];
        points[0] = Math.signum(spacing) * Double.NEGATIVE_INFINITY;
        for (int i = 1; i < points.length - 1; i++) {
            points[i] = noise(sigma, rate, (first + i - 1) * spacing);
        }
        points[points.length - 1] = -points[0];
        return points;
    }

    /** Returns the masses of N(mean, σ²) between neighbouring points, accurate in both tails. */
    private static double[] masses(double[] points, double mean, double sigma) {
        double[] masses = new double[points.length - 1];
        double x = (points[0] - mean) / sigma;
        double tail = tail(x);
        for (int i = 0; i < masses.length; i++) {
            double y = (points[i + 1] - mean) / sigma;
            double next = tail(y);
            masses[i] = x * y > 0 ? Math.abs(tail - next) : x == y ? 0 : 1 - tail - next;
            x = y;
            tail = next;
        }
        return masses;
    }

    private static double tail(double x) {
        return Double.isInfinite(x) ? 0 : Erf.erfc(Math.abs(x) / Math.sqrt(2)) / 2;
    }

    private static double[] mixed(double rate, double[] without, double[] with) {
        double[] mixed = new double[without.length];
        for (int i = 0; i < mixed.length; i++) {
            mixed[i] = (1 - rate) * without[i] + rate * with[i];
        }
        return mixed;
    }

    /**
     * @param p masses under P below the first grid point, between grid points, and above the last
     * @param q masses under Q
     */
    private static PrivacyLoss of(long first, double spacing, double[] p, double[] q) {
        double[] masses = new double[p.length - 1];
        masses[0] = p[0];
        for (int i = 0; i + 1 < masses.length; i++) {
            double mass = p[i + 1];
            // The share of the upper end: the interval keeps its mass under Q, which is P's times exp(-loss).
            double upper = (mass - Math.exp((first + i) * spacing) * q[i + 1]) / -Math.expm1(-spacing);
            upper = Math.max(0, Math.min(mass, upper));
            masses[i] += mass - upper;
            masses[i + 1] += upper;
        }
        return new PrivacyLoss(spacing, first, masses, p[p.length - 1]);
    }

    /** Returns ln((1 - q + q exp((2x - 1) / 2σ²))). */
    private static double loss(double sigma, double rate, double x) {
        double ratio = (2 * x - 1) / (2 * sigma * sigma);
        return ratio > 0
                ? ratio + Math.log(rate + (1 - rate) * Math.exp(-ratio))
                : Math.log1p(rate * Math.expm1(ratio));
    }

    /** Returns the x of a loss; infinite for a loss that no x has. */
    private static double noise(double sigma, double rate, double loss) {
        double excess = Math.expm1(loss) + rate;
        if (!(excess > 0)) {
            return Double.NEGATIVE_INFINITY;
        }
        double ratio = loss > 1 ? loss + Math.log1p((rate - 1) * Math.exp(-loss)) : Math.log(excess);
        return sigma * sigma * (ratio - Math.log(rate)) + 0.5;
    }

    /** Returns the difference of the highest and the lowest finite loss. */
    double range() {
        return (masses.length - 1) * spacing;
    }

    /** Returns the difference of the losses of some steps between which all but the mass of the tails lies. */
    double range(long steps) {
        return bound(steps, 1) + bound(steps, -1);
    }

    /** Returns the loss of independent steps. */
    PrivacyLoss times(long steps) {
        long from = Math.max(steps * first, (long) Math.floor(-bound(steps, -1) / spacing));
        long to = Math.min(steps * (first + masses.length - 1), (long) Math.ceil(bound(steps, 1) / spacing));
        int size = Integer.highestOneBit(Math.toIntExact(Math.max(to - from, masses.length))) * 2;
        double[] values = new double[2 * size];
        for (int i = 0; i < masses.length; i++) {
            values[2 * i] = masses[i];
        }
        raise(values, steps);
        // Value i has the sums of indices i + k * size; those of the window have the mass.
        double[] window = new double[Math.toIntExact(to - from + 1)];
        double sum = 0;
        for (int i = 0; i < window.length; i++) {
            window[i] = Math.max(0, values[2 * (int) Math.floorMod(from - steps * first + i, (long) size)]);
            sum += window[i];
        }
        double none = -Math.expm1(steps * Math.log1p(-infinite));
        // Masses that rounding moved count as infinite loss.
        return new PrivacyLoss(spacing, from, window, none + 2 * TAIL + Math.abs(1 - none - sum));
    }

    /** Replaces values, pairs of real and imaginary part, by their convolution with themselves. */
    private static void raise(double[] values, long steps) {
        int threads = ConcurrencyUtils.getNumberOfThreads();
        // Idle threads of the library's pool would keep a JVM alive for a minute.
        ConcurrencyUtils.setNumberOfThreads(1);
        try {
            DoubleFFT_1D transform = new DoubleFFT_1D(values.length / 2);
            transform.complexForward(values);
            for (int i = 0; i < values.length; i += 2) {
                double length = Math.pow(Math.hypot(values[i], values[i + 1]), (double) steps);
                double angle = Math.atan2(values[i + 1], values[i]) * steps;
                values[i] = length * Math.cos(angle);
                values[i + 1] = length * Math.sin(angle);
            }
            transform.complexInverse(values, true);
        } finally {
            ConcurrencyUtils.setNumberOfThreads(threads);
        }
    }

    /**
     * Returns a bound that the sum of the losses of some steps, times a sign, exceeds with at most the mass of a tail
     * (Chernoff).
     */
    private double bound(long steps, int sign) {
        double least = Double.POSITIVE_INFINITY;
        for (double order = 1.0 / 1024; order <= 1024; order *= 1.5) {
            double largest = Double.NEGATIVE_INFINITY;
            for (int i = 0; i < masses.length; i++) {
                if (masses[i] > 0) {
                    largest = Math.max(largest, sign * order * (first + i) * spacing + Math.log(masses[i]));
                }
            }
            double sum = 0;
            for (int i = 0; i < masses.length; i++) {
                sum += masses[i] * Math.exp(sign * order * (first + i) * spacing - largest);
            }
            least = Math.min(least, (steps * (largest + Math.log(sum)) - Math.log(TAIL)) / order);
        }
        return least;
    }

    /** Returns the smallest epsilon, at least 0, with which the probability of failure is at most delta. */
    double epsilon(double delta) {
        if (infinite > delta) {
            return Double.POSITIVE_INFINITY;
        }
        double p = 0;
        double q = 0;
        for (int i = masses.length - 1; i >= 0; i--) {
            double loss = (first + i) * spacing;
            // Of this and higher points: delta(epsilon) = infinite + p - exp(epsilon) q.
            double scaled = q * Math.exp(loss);
            if (infinite + p - scaled > delta) {
                return Math.max(0, Math.log((infinite + p - delta) / q));
            }
            p += masses[i];
            q += masses[i] * Math.exp(-loss);
        }
        return Math.max(0, Math.log((infinite + p - delta) / q));
    }
}
