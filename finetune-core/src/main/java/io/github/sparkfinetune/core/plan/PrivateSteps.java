package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.PrivacyConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.gradient.Noise;
import io.github.sparkfinetune.core.privacy.GaussianNoise;
import io.github.sparkfinetune.core.privacy.LossAccountant;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.core.privacy.RenyiAccountant;
import io.github.sparkfinetune.core.privacy.RunSecret;
import io.github.sparkfinetune.data.files.HadoopFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Steps of a private run: their samples, the clipping of each sample's gradient, and the noise on their sum. */
public final class PrivateSteps {
    private static final String SECRET = "privacy.key";
    private static final String NORM = "privacy.norm";

    private final byte[] secret;
    private final StepPlan plan;
    private final PrivacyConfig privacy;
    private final double noiseMultiplier;
    private final double maxGradNorm;
    private final int threads;

    private PrivateSteps(byte[] secret, StepPlan plan, PrivacyConfig privacy, double maxGradNorm, int threads) {
        this.secret = secret;
        this.plan = plan;
        this.privacy = privacy;
        this.noiseMultiplier = noiseMultiplier(privacy, plan);
        this.maxGradNorm = maxGradNorm;
        this.threads = threads;
    }

    /** Measures a norm before the first step. */
    @FunctionalInterface
    public interface Measure {
        /** Returns the norm, the same on all ranks; all ranks call this method. */
        double norm() throws IOException;
    }

    /**
     * Begins or continues a private run. All ranks call this method.
     *
     * @param steps number of completed steps
     * @param threads number of threads that draw noise
     * @param measure measures the norm of {@code training.privacy.public_sample}; only called before the first step,
     *     and if the key is set
     */
    public static PrivateSteps of(
            RunConfig config,
            StepPlan plan,
            long steps,
            Collective collective,
            Configuration hadoop,
            int threads,
            Measure measure)
            throws IOException {
        PrivacyConfig privacy = config.training().privacy();
        byte[] secret = RunSecret.of(file(config, SECRET), steps > 0, hadoop, collective);
        double norm = privacy.publicSample() == null
                ? privacy.fixedMaxGradNorm()
                : ClipNorm.of(file(config, NORM), steps > 0, hadoop, collective, measure);
        return new PrivateSteps(secret, plan, privacy, norm, threads);
    }

    /**
     * Deletes the files that only a run that lasts needs.
     *
     * @return names of the files that were there
     */
    public static List<String> end(RunConfig config, Configuration hadoop) {
        List<String> deleted = new ArrayList<>();
        for (String name : List.of(SECRET, NORM)) {
            Path file = file(config, name);
            FileSystem files = HadoopFiles.fileSystem(file, hadoop);
            try {
                if (files.delete(file, false)) {
                    deleted.add(name);
                }
            } catch (IOException e) {
                throw HadoopFiles.failed("cannot be deleted", file, e);
            }
        }
        return deleted;
    }

    private static Path file(RunConfig config, String name) {
        return new Path(config.output().dir(), name);
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
        double delta = privacy.delta(rounded(plan.samples()));
        double multiplier =
                LossAccountant.noiseMultiplier(privacy.targetEpsilon(), accountedRate(plan), plan.totalSteps(), delta);
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

    /**
     * Returns a number of samples rounded down to two digits. Figures of a private run follow from this number: from
     * the exact one, whoever reads them could tell whether one more sample was trained on.
     */
    static long rounded(long samples) {
        long unit = 1;
        while (samples / unit >= 100) {
            unit *= 10;
        }
        return samples / unit * unit;
    }

    /** Returns the probability of a sample in a step that the accountants take, at least the real one. */
    private static double accountedRate(StepPlan plan) {
        return Math.min(1, (double) plan.globalBatch() / rounded(plan.samples()));
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
        return maxGradNorm;
    }

    /**
     * Returns the noise on the sum of a step.
     *
     * @param step number of completed steps
     */
    public Noise noise(long step) {
        return new GaussianNoise(secret, step, noiseMultiplier * maxGradNorm, threads);
    }

    /** Returns the guarantee after a number of steps. */
    public PrivacySpent spent(long steps) {
        return spent(privacy, plan, noiseMultiplier, steps, maxGradNorm);
    }

    /** Returns the guarantee of a private run after a number of steps, without a norm that is yet to be measured. */
    public static PrivacySpent spent(PrivacyConfig privacy, StepPlan plan, long steps) {
        Double norm = privacy.publicSample() == null ? privacy.fixedMaxGradNorm() : null;
        return spent(privacy, plan, noiseMultiplier(privacy, plan), steps, norm);
    }

    private static PrivacySpent spent(
            PrivacyConfig privacy, StepPlan plan, double multiplier, long steps, Double maxGradNorm) {
        double delta = privacy.delta(rounded(plan.samples()));
        double rate = accountedRate(plan);
        return new PrivacySpent(
                LossAccountant.epsilon(multiplier, rate, steps, delta),
                RenyiAccountant.epsilon(multiplier, rate, steps, delta),
                delta,
                multiplier,
                maxGradNorm,
                privacy.publicSample(),
                rate);
    }
}
