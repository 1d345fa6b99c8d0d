package io.github.sparkfinetune.core.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of pairs of answers, under the names of TRL's {@code DPOTrainer}: means over the pairs of the loss, of the
 * rewards of the better ({@code rewards/chosen}) and the other answer ({@code rewards/rejected}), of their difference
 * ({@code rewards/margins}) and of the answers' log-probabilities ({@code logps/chosen}, {@code logps/rejected}); and
 * the share of pairs whose better answer has the higher reward ({@code rewards/accuracies}). All NaN without pairs. Not
 * thread-safe.
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

    /** How many pairs, then sums of what has a mean. */
    private final double[] counts;

    /** No counts yet. */
    public PreferenceMetrics() {
        this(new double[1 + MEANS.size()]);
    }

    private PreferenceMetrics(double[] counts) {
        if (counts.length != 1 + MEANS.size()) {
            throw new IllegalArgumentException(counts.length + " counts");
        }
        this.counts = counts;
    }

    /** What models are compared by. */
    public static List<Metric> all() {
        return List.of(
                new Metric("loss", false), new Metric("rewards/accuracies", true), new Metric("rewards/margins", true));
    }

    /**
     * Counts a pair.
     *
     * @param chosenReward of the better answer
     * @param rejectedReward of the other
     * @param chosenLogProb of the better answer, in nats
     * @param rejectedLogProb of the other
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
