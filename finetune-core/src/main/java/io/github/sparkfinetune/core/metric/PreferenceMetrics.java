package io.github.sparkfinetune.core.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of pairs of answers, named as in TRL's {@code DPOTrainer}. Means over the pairs are: the loss; the rewards of
 * the chosen and the rejected answer ({@code rewards/chosen}, {@code rewards/rejected}); the difference of the rewards
 * ({@code rewards/margins}); and the log-probabilities of the answers ({@code logps/chosen}, {@code logps/rejected}).
 * {@code rewards/accuracies} is the share of pairs whose chosen answer has the higher reward. All are NaN without
 * pairs. Not thread-safe.
 */
public final class PreferenceMetrics implements Metrics {
    private static final List<String> MEANS = List.of(
            "loss",
            "rewards/chosen",
            "rewards/rejected",
            "rewards/margins",
            "rewards/accuracies",
            "logps/chosen",
            "logps/rejected");

    /** Number of pairs, then the sums of {@link #MEANS}. */
    private final double[] counts;

    /** Creates metrics without counts. */
    public PreferenceMetrics() {
        this(new double[1 + MEANS.size()]);
    }

    private PreferenceMetrics(double[] counts) {
        if (counts.length != 1 + MEANS.size()) {
            throw new IllegalArgumentException(counts.length + " counts");
        }
        this.counts = counts;
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
        double[] pair = {
            loss,
            chosenReward,
            rejectedReward,
            chosenReward - rejectedReward,
            chosenReward > rejectedReward ? 1 : 0,
            chosenLogProb,
            rejectedLogProb
        };
        counts[0]++;
        for (int i = 0; i < pair.length; i++) {
            counts[1 + i] += pair[i];
        }
    }

    @Override
    public double[] counts() {
        return counts.clone();
    }

    @Override
    public PreferenceMetrics of(double[] otherCounts, double[] observations) {
        return new PreferenceMetrics(otherCounts.clone());
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        for (int i = 0; i < MEANS.size(); i++) {
            values.put(MEANS.get(i), counts[1 + i] / counts[0]);
        }
        return values;
    }
}
