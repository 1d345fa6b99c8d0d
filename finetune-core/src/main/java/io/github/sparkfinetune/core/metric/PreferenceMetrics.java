package io.github.sparkfinetune.core.metric;

import java.util.List;

/**
 * Metrics of pairs of answers, named as in TRL's {@code DPOTrainer}. Means over the pairs are: the loss; the rewards of
 * the chosen and the rejected answer ({@code rewards/chosen}, {@code rewards/rejected}); the difference of the rewards
 * ({@code rewards/margins}); and the log-probabilities of the answers ({@code logps/chosen}, {@code logps/rejected}).
 * {@code rewards/accuracies} is the share of pairs whose chosen answer has the higher reward. All are NaN without
 * pairs. Not thread-safe.
 */
public final class PreferenceMetrics extends MeanMetrics {
    private static final List<String> MEANS = List.of(
            "loss",
            "rewards/chosen",
            "rewards/rejected",
            "rewards/margins",
            "rewards/accuracies",
            "logps/chosen",
            "logps/rejected");

    /** Creates metrics without counts. */
    public PreferenceMetrics() {
        this(new double[1 + MEANS.size()]);
    }

    private PreferenceMetrics(double[] counts) {
        super(MEANS, counts);
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return List.of(
                new Metric("loss", false), new Metric("rewards/accuracies", true), new Metric("rewards/margins", true));
    }

    /**
     * Counts a pair.
     *
     * @param chosenReward reward of the chosen answer
     * @param rejectedReward reward of the rejected answer
     * @param chosenLogProb log-probability of the chosen answer, in nats
     * @param rejectedLogProb log-probability of the rejected answer, in nats
     */
    public void add(
            double loss, double chosenReward, double rejectedReward, double chosenLogProb, double rejectedLogProb) {
        count(
                loss,
                chosenReward,
                rejectedReward,
                chosenReward - rejectedReward,
                chosenReward > rejectedReward ? 1 : 0,
                chosenLogProb,
                rejectedLogProb);
    }

    @Override
    public PreferenceMetrics of(double[] otherCounts, double[] observations) {
        return new PreferenceMetrics(otherCounts.clone());
    }
}
