package io.github.sparkfinetune.conf;

import io.github.sparkfinetune.conf.key.Check;
import java.io.Serializable;

/**
 * Differentially private training (DP-SGD; Abadi and others, 2016): each step takes random samples, clips the gradient
 * of each sample, and adds noise to their sum.
 *
 * @param targetEpsilon epsilon that the whole run may spend, from which the noise is derived; 0: not private, unless
 *     {@code noise_multiplier} is set
 * @param noiseMultiplier standard deviation of the noise, divided by {@code max_grad_norm}; 0: {@code target_epsilon}
 *     decides
 * @param delta probability with which the guarantee may fail, at most 1 / samples; 0: 1 / (10 x samples)
 * @param maxGradNorm L2 norm to which the gradient of a sample is clipped; replaces {@code training.max_grad_norm}
 */
public record PrivacyConfig(double targetEpsilon, double noiseMultiplier, double delta, double maxGradNorm)
        implements Serializable {
    private static final String KEY = "training.privacy.";

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
        Check.that(maxGradNorm > 0 && Double.isFinite(maxGradNorm), KEY + "max_grad_norm", maxGradNorm, "above 0");
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
            RunConfig.Base base,
            RunConfig.Task task,
            DataConfig data,
            MethodConfig method,
            TrainingConfig training,
            RunConfig.TaskSections tasks,
            ClusterConfig cluster) {
        if (!protectsSamples()) {
            return;
        }
        that(
                task != RunConfig.Task.EMBEDDING && task != RunConfig.Task.UNPAIRED_PREFERENCE,
                "used with another task than embedding and unpaired-preference, whose losses compare samples");
        that(
                method.type() != MethodConfig.Type.FULL
                        && method.targets().trainableTokenIndices().isEmpty()
                        && base.tokenizer().addSpecialTokens().isEmpty(),
                "used with method.type lora, qlora or freeze and without new tokens: rows of the embedding table are"
                        + " trained only where a text has the token");
        that(
                data.samples().packing() == Packing.NONE,
                "used with data.packing: none: the gradient of a document is clipped, not that of a pack");
        that(
                training.evaluation().earlyStoppingPatience() == 0,
                "used with training.early_stopping_patience: 0: the noise is derived from the number of steps");
        ClassWeight weight = tasks.classification().classWeight();
        that(
                weight == null || !ClassWeight.BALANCED.equals(weight.value()),
                "used without classification.class_weight: balanced: counts of labels are not private");
        that(
                !cluster.shard().shares(ClusterConfig.Shard.GRADIENTS),
                "used with cluster.shard: none or optimizer: gradients of single samples are not divided");
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
