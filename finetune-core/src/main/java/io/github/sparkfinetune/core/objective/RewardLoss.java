package io.github.sparkfinetune.core.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.RewardConfig;
import io.github.sparkfinetune.core.metric.Sigmoid;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.List;
import java.util.Map;

/**
 * Loss of the rewards r of two answers to a prompt (Bradley and Terry, 1952), as TRL's {@code RewardTrainer}: the mean
 * over the pairs of -log sigmoid(r(better) - r(worse) - margin) + c (r(better) + r(worse))², where c is
 * {@code reward.center_rewards_coefficient}. A sample is a pair: two documents, the better answer first. Its target is
 * the margin.
 */
public final class RewardLoss implements LogitsLoss {
    private final double center;
    private final ScriptModule script;

    /** @param manager owner of the script that computes it, on the model's device */
    public RewardLoss(NDManager manager, RewardConfig reward) {
        center = reward.centerRewardsCoefficient();
        script =
                ScriptModule.load(manager, List.of("core.objective.reward_loss"), Map.of("center_coefficient", center));
    }

    /** Returns the loss of a pair. */
    public double of(double better, double worse, double margin) {
        double sum = better + worse;
        return Sigmoid.softplus(worse - better + margin) + center * sum * sum;
    }

    @Override
    public TermWeights weights(List<Sample> samples) {
        return TermWeights.of(samples.size());
    }

    @Override
    public NDList differentiate(NDManager owner, NDArray logits, Batch batch, TermWeights weights) {
        return script.call(owner, "reward_loss", logits, Targets.of(owner, batch.samples()), weights.scale(0));
    }
}
