package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.PrivacyConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.privacy.LossAccountant;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.core.privacy.RenyiAccountant;
import io.github.sparkfinetune.core.privacy.RunSecret;
import io.github.sparkfinetune.core.privacy.SecretStream;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleSupplier;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** Steps of a private run: their samples, the clipping of each sample's gradient, and the noise on their sum. */
public final class PrivateSteps {
    private static final String FILE = "privacy.key";

    private final byte[] secret;
    private final StepPlan plan;
    private final PrivacyConfig privacy;
    private final double noiseMultiplier;

    private PrivateSteps(byte[] secret, StepPlan plan, PrivacyConfig privacy) {
        this.secret = secret;
        this.plan = plan;
        this.privacy = privacy;
        this.noiseMultiplier = noiseMultiplier(privacy, plan);
    }

    /**
     * Begins or continues a private run. All ranks call this method.
     *
     * @param steps number of completed steps
     */
    public static PrivateSteps of(
            RunConfig config, StepPlan plan, long steps, Collective collective, Configuration hadoop)
            throws IOException {
        byte[] secret = RunSecret.of(file(config), steps > 0, hadoop, collective);
        return new PrivateSteps(secret, plan, config.training().regularization().privacy());
    }

    /** Deletes what only a run that lasts needs. */
    public static void end(RunConfig config, Configuration hadoop) {
        RunSecret.delete(file(config), hadoop);
    }

    private static Path file(RunConfig config) {
        return new Path(config.output().dir(), FILE);
    }

    /**
     * Returns the noise multiplier of a run.
     *
     * @throws RunException if no noise reaches the target
     */
    public static double noiseMultiplier(PrivacyConfig privacy, StepPlan plan) {
        if (privacy.noiseMultiplier() > 0) {
            return privacy.noiseMultiplier();
        }
        double delta = privacy.delta(plan.samples());
        double multiplier =
                LossAccountant.noiseMultiplier(privacy.targetEpsilon(), plan.sampleRate(), plan.totalSteps(), delta);
        if (Double.isInfinite(multiplier)) {
            throw RunException.config(String.format(
                    Locale.ROOT,
                    "training.privacy.target_epsilon: %s cannot be reached in %d steps with delta %.3g: set a higher"
                            + " epsilon, or a higher training.privacy.delta",
                    privacy.targetEpsilon(),
                    plan.totalSteps(),
                    delta));
        }
        return multiplier;
    }

    /** Returns the samples of each step. */
    public StepSamples samples() {
        return new PoissonSamples(secret, plan);
    }

    /** Returns the number of samples of a step on average, by which each sum is divided. */
    public double expectedSamples() {
        return plan.sampleRate() * plan.samples();
    }

    /** Returns the highest L2 norm of a sample's gradient in a sum. */
    public double maxGradNorm() {
        return privacy.maxGradNorm();
    }

    /**
     * Returns the noise on the sum of a step, one value after the other.
     *
     * @param step number of completed steps
     */
    public DoubleSupplier noise(long step) {
        SecretStream random = new SecretStream(secret, SecretStream.Purpose.NOISE, step);
        double deviation = noiseMultiplier * privacy.maxGradNorm();
        return () -> deviation * random.gaussian();
    }

    /**
     * Returns the guarantee of a run after a number of steps; null if the run is not private.
     *
     * @param known steps of the run, whose noise multiplier is known; empty if the run was over before
     */
    public static PrivacySpent spent(Optional<PrivateSteps> known, PrivacyConfig privacy, StepPlan plan, long steps) {
        if (!privacy.protectsSamples()) {
            return null;
        }
        double multiplier = known.map(one -> one.noiseMultiplier).orElseGet(() -> noiseMultiplier(privacy, plan));
        return spent(privacy, plan, multiplier, steps);
    }

    /** Returns the guarantee of a private run after a number of steps. */
    public static PrivacySpent spent(PrivacyConfig privacy, StepPlan plan, long steps) {
        return spent(privacy, plan, noiseMultiplier(privacy, plan), steps);
    }

    private static PrivacySpent spent(PrivacyConfig privacy, StepPlan plan, double multiplier, long steps) {
        double delta = privacy.delta(plan.samples());
        return new PrivacySpent(
                LossAccountant.epsilon(multiplier, plan.sampleRate(), steps, delta),
                RenyiAccountant.epsilon(multiplier, plan.sampleRate(), steps, delta),
                delta,
                multiplier,
                privacy.maxGradNorm(),
                plan.sampleRate());
    }
}
