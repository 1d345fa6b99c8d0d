package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.key.Check;
import io.github.sparkfinetune.conf.key.Key;
import java.io.Serializable;

/**
 * Differentially private training (DP-SGD; Abadi and others, 2016): each step takes random samples, clips the gradient
 * of each sample, and adds noise to their sum.
 *
 * @param targetEpsilon epsilon that the whole run may spend, from which the noise is derived; 0: not private, unless
 *     {@code noise_multiplier} is set
 * @param noiseMultiplier standard deviation of the noise, divided by {@code max_grad_norm}; 0: {@code target_epsilon}
 *     decides
 * @param delta probability with which the guarantee may fail, at most 1 / samples; 0: 1 / (10 x samples), with samples
 *     rounded down to two digits
 * @param maxGradNorm L2 norm to which the gradient of a sample is clipped; replaces {@code training.max_grad_norm};
 *     null: 1, or with {@code public_sample} a measured norm
 * @param publicSample set of {@code data.held_out} whose rows are public: {@code max_grad_norm} is the median norm of
 *     the gradients of its first 1,000 samples, measured before the first step; null: not measured
 */
public record PrivacyConfig(
        double targetEpsilon,
        double noiseMultiplier,
        double delta,

        @Key(optional = true, hf = "opacus.PrivacyEngine.make_private_with_epsilon")
        Double maxGradNorm,

        @Key(optional = true, hf = Key.NOT_IN_HF) String publicSample)
        implements Serializable {
    private static final String KEY = "training.privacy.";
    private static final double DEFAULT_NORM = 1;

    public PrivacyConfig {
        Check.that(
                targetEpsilon >= 0 && Double.isFinite(targetEpsilon),
                KEY + "target_epsilon",
                targetEpsilon,
                "at least 0");
        Check.that(
                noiseMultiplier >= 0 && Double.isFinite(noiseMultiplier),
                KEY + "noise_multiplier",
                noiseMultiplier,
                "at least 0");
        Check.that(
                targetEpsilon == 0 || noiseMultiplier == 0,
                KEY + "noise_multiplier",
                noiseMultiplier,
                "0 with training.privacy.target_epsilon, from which the noise is derived");
        Check.that(delta >= 0 && delta < 1, KEY + "delta", delta, "at least 0, below 1");
        Check.that(
                maxGradNorm == null || (maxGradNorm > 0 && Double.isFinite(maxGradNorm)),
                KEY + "max_grad_norm",
                maxGradNorm,
                "above 0");
        Check.that(
                publicSample == null || maxGradNorm == null,
                KEY + "public_sample",
                publicSample,
                "null with training.privacy.max_grad_norm, which would be measured");
    }

    /** Returns the norm to which the gradient of a sample is clipped, unless {@link #publicSample} decides. */
    public double fixedMaxGradNorm() {
        return maxGradNorm == null ? DEFAULT_NORM : maxGradNorm;
    }

    /** Returns whether training is private. */
    public boolean protectsSamples() {
        return targetEpsilon > 0 || noiseMultiplier > 0;
    }

    /** Returns delta for a number of training samples. */
    public double delta(long samples) {
        return delta > 0 ? delta : 0.1 / samples;
    }

    /** Refuses settings of a run by which samples influence each other or are used outside of the noisy sums. */
    void require(
            TokenizerConfig tokenizer,
            TeacherConfig teacher,
            RunConfig.Task task,
            DataConfig data,
            MethodConfig method,
            TrainingConfig training,
            ClassificationConfig classification,
            ClusterConfig cluster) {
        if (!protectsSamples()) {
            return;
        }
        requirePublicSample(teacher, task, data);
        that(
                !task.comparesSamples(),
                "used with another task than embedding and unpaired-preference, whose losses compare samples");
        that(
                method.trainableTokenIndices().isEmpty()
                        && (method.type() == MethodConfig.Type.FULL
                                || tokenizer.addSpecialTokens().isEmpty()),
                "used without new tokens, or with method.type: full: single rows of the embedding table are trained"
                        + " only where a text has the token");
        that(
                data.packing() == Packing.NONE,
                "used with data.packing: none: the gradient of a document is clipped, not that of a pack");
        that(
                training.earlyStoppingPatience() == 0,
                "used with training.early_stopping_patience: 0: the noise is derived from the number of steps");
        ClassWeight weight = classification.classWeight();
        that(
                weight == null || !ClassWeight.BALANCED.equals(weight.value()),
                "used without classification.class_weight: balanced: counts of labels are not private");
        that(
                !cluster.shard().shares(ClusterConfig.Shard.GRADIENTS),
                "used with cluster.shard: none or optimizer: gradients of single samples are not divided");
    }

    /** Refuses a sample that is not public, or whose gradients cannot be computed before the first step. */
    private void requirePublicSample(TeacherConfig teacher, RunConfig.Task task, DataConfig data) {
        if (publicSample == null) {
            return;
        }
        String key = KEY + "public_sample";
        String path = data.heldOutPaths().get(publicSample);
        Check.that(path != null, key, publicSample, "the name of a set of data.held_out");
        boolean isTrainedOn = path.equals(data.train())
                || data.corpus().sources().stream().anyMatch(source -> path.equals(source.path()));
        Check.that(!isTrainedOn, key, publicSample, "a set whose rows are public: its path is also trained on");
        Check.that(
                task != RunConfig.Task.PREFERENCE && !teacher.teaches(),
                key,
                publicSample,
                "null with task: preference and with teacher.model, whose losses read answers of another model: set"
                        + " training.privacy.max_grad_norm");
    }

    private void that(boolean holds, String rule) {
        boolean targets = targetEpsilon > 0;
        Check.that(
                holds,
                KEY + (targets ? "target_epsilon" : "noise_multiplier"),
                targets ? targetEpsilon : noiseMultiplier,
                rule);
    }
}
