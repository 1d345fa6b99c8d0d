package io.github.sparkfinetune.core.metric;

import java.util.List;

/**
 * Metrics of pairs of answers with a reward each, named as in TRL's {@code RewardTrainer}. Means over the pairs are:
 * the loss; {@code accuracy}, the share of pairs whose better answer has the higher reward; {@code margin}, the
 * difference of the rewards; and {@code mean_reward}, the mean of both rewards.
 */
public final class RewardMetrics extends MeanMetrics {
    private static final List<String> MEANS = List.of("loss", "accuracy", "margin", "mean_reward");

    /** Creates metrics without counts. */
    public RewardMetrics() {
        this(new double[1 + MEANS.size()]);
    }

    private RewardMetrics(double[] counts) {
        super(MEANS, counts);
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return List.of(new Metric("loss", false), new Metric("accuracy", true), new Metric("margin", true));
    }

    /**
     * Counts a pair.
     *
     * @param better reward of the better answer
     * @param worse reward of the worse answer
     */
    public void add(double loss, double better, double worse) {
        count(loss, better > worse ? 1 : 0, better - worse, (better + worse) / 2);
    }

    @Override
    public RewardMetrics of(double[] otherCounts, double[] observations) {
        return new RewardMetrics(otherCounts.clone());
    }
}
