package io.github.sparkfinetune.core.privacy;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Privacy loss of steps that each add Gaussian noise to a sum over a Poisson sample, from the distribution of the
 * {@link PrivacyLoss} of all steps. Two datasets are neighbours if one has a sample more. Epsilon is an upper bound,
 * less than 0.1 % above the exact value, and about a tenth below that of {@link RenyiAccountant}.
 */
public final class LossAccountant {
    /** Grid points of the distribution of all steps. */
    private static final int POINTS = 1 << 17;
    /** Grid points of a step by which the range of all steps is found. */
    private static final int COARSE = 1 << 12;

    private static final double PRECISION = 1e-3;
    /** Epsilon above which the Rényi bound is near enough. */
    private static final double LARGE = 200;

    /** Values of this process: a plan, the ranks and a result ask for the same ones, each a third of a second. */
    private static final Map<Steps, Double> KNOWN = new ConcurrentHashMap<>();

    private LossAccountant() {}

    private record Steps(double noiseMultiplier, double sampleRate, long steps, double delta) {}

    /** A step's loss on a grid. */
    private interface Step {
        PrivacyLoss loss(double spacing);
    }

    /**
     * Returns epsilon of a number of steps.
     *
     * @param noiseMultiplier σ, above 0
     * @param sampleRate q, in (0, 1]
     * @param delta in (0, 1)
     */
    public static double epsilon(double noiseMultiplier, double sampleRate, long steps, double delta) {
        return KNOWN.computeIfAbsent(
                new Steps(noiseMultiplier, sampleRate, steps, delta),
                some -> computed(some.noiseMultiplier, some.sampleRate, some.steps, some.delta));
    }

    private static double computed(double noiseMultiplier, double sampleRate, long steps, double delta) {
        double bound = RenyiAccountant.epsilon(noiseMultiplier, sampleRate, steps, delta);
        if (bound == 0 || bound > LARGE) {
            return bound;
        }
        double removing =
                epsilon(spacing -> PrivacyLoss.ofRemoving(noiseMultiplier, sampleRate, spacing), bound, steps, delta);
        double adding =
                epsilon(spacing -> PrivacyLoss.ofAdding(noiseMultiplier, sampleRate, spacing), bound, steps, delta);
        return Math.min(bound, Math.max(removing, adding));
    }

    private static double epsilon(Step step, double bound, long steps, double delta) {
        double spacing = step.loss(bound).range() / COARSE;
        spacing = Math.max(spacing * COARSE, step.loss(spacing).range(steps)) / POINTS;
        return step.loss(spacing).times(steps).epsilon(delta);
    }

    /**
     * Returns the smallest noise multiplier, to 0.1 %, with which a number of steps costs at most an epsilon.
     *
     * @return infinity if no noise is enough
     */
    public static double noiseMultiplier(double epsilon, double sampleRate, long steps, double delta) {
        double high = RenyiAccountant.noiseMultiplier(epsilon, sampleRate, steps, delta);
        if (Double.isInfinite(high)) {
            return high;
        }
        double low = 0;
        double tried = high;
        // Epsilon falls nearly as a power of the noise, so a few secants are enough.
        double slope = -1;
        double last = Double.NaN;
        double lastTried = Double.NaN;
        while (high - low > PRECISION * low) {
            double spent = Math.log(epsilon(tried, sampleRate, steps, delta) / epsilon);
            if (spent > 0) {
                low = tried;
            } else if (spent > -PRECISION) {
                return tried;
            } else {
                high = tried;
            }
            if (!Double.isNaN(last) && spent != last) {
                slope = (spent - last) / Math.log(tried / lastTried);
            }
            last = spent;
            lastTried = tried;
            double next = tried * Math.exp(-(spent + PRECISION / 2) / Math.min(slope, -0.1));
            tried = next > low && next < high ? next : (low + high) / 2;
        }
        return high;
    }
}
