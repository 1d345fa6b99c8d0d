package io.github.sparkfinetune.core.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of answers that are good or bad, under the names of TRL's {@code KTOTrainer}: the mean of the loss; what
 * answers are compared with ({@code kl}); means over the good ({@code rewards/chosen}, {@code logps/chosen}) and the
 * bad answers ({@code rewards/rejected}, {@code logps/rejected}) of the rewards and the log-probabilities; and the
 * difference of the rewards' ({@code rewards/margins}). Without good answers, or bad ones, their means are left out.
 * TRL compares answers with those of their batch, here they are compared with all that were counted: the loss is
 * computed at the end, of 16 bytes a sample. Not thread-safe.
 */
public final class UnpairedPreferenceMetrics implements Metrics {

    /** What is made of answers. */
    public interface Measure {
        /**
         * What answers are compared with.
         *
         * @param sum of the logarithms of how much likelier the model finds answers to other prompts than the reference
         * @param count of these
         * @return in nats, at least 0; 0 of none
         */
        double divergence(double sum, double count);

        /**
         * The loss of an answer.
         *
         * @param ratio the logarithm of how much likelier the model finds it than the reference
         * @param divergence what it is compared with
         */
        double loss(boolean desirable, double ratio, double divergence);

        /** The reward of an answer by its ratio. */
        double reward(double ratio);
    }

    private static final int DIVERGENCE = 0;
    /** Of good answers, then of bad ones: how many, and sums of rewards and log-probabilities. */
    private static final int GOOD = 1;

    private static final int BAD = 4;
    private static final int COUNTS = 7;

    private final Measure measure;
    private final double[] counts;
    /** By sample 1 where it is good, and the ratio. */
    private final Observations ratios;

    /** No counts yet. */
    public UnpairedPreferenceMetrics(Measure measure) {
        this(measure, new double[COUNTS], new Observations());
    }

    private UnpairedPreferenceMetrics(Measure measure, double[] counts, Observations ratios) {
        if (counts.length != COUNTS || ratios.size() % 2 != 0) {
            throw new IllegalArgumentException(counts.length + " counts, " + ratios.size() + " observations");
        }
        this.measure = measure;
        this.counts = counts;
        this.ratios = ratios;
    }

    /** What models are compared by. */
    public static List<Metric> all() {
        return List.of(new Metric("loss", false), new Metric("rewards/margins", true));
    }

    /**
     * Counts an answer.
     *
     * @param ratio the logarithm of how much likelier the model finds it than the reference
     * @param logProb in nats
     * @param mismatched the ratio of the answer to another prompt
     */
    public void add(boolean desirable, double ratio, double logProb, double mismatched) {
        int kind = desirable ? GOOD : BAD;
        counts[DIVERGENCE] += mismatched;
        counts[kind]++;
        counts[kind + 1] += measure.reward(ratio);
        counts[kind + 2] += logProb;
        ratios.add(desirable ? 1 : 0, ratio);
    }

    @Override
    public double[] counts() {
        return counts.clone();
    }

    @Override
    public double[] observations() {
        return ratios.toArray();
    }

    @Override
    public UnpairedPreferenceMetrics of(double[] otherCounts, double[] observations) {
        return new UnpairedPreferenceMetrics(measure, otherCounts.clone(), new Observations(observations));
    }

    @Override
    public Map<String, Double> values() {
        double samples = counts[GOOD] + counts[BAD];
        double divergence = measure.divergence(counts[DIVERGENCE], samples);
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss", loss(divergence) / samples);
        values.put("kl", divergence);
        put(values, "chosen", GOOD);
        put(values, "rejected", BAD);
        if (values.containsKey("rewards/chosen") && values.containsKey("rewards/rejected")) {
            values.put("rewards/margins", values.get("rewards/chosen") - values.get("rewards/rejected"));
        }
        return values;
    }

    private void put(Map<String, Double> values, String name, int kind) {
        if (counts[kind] > 0) {
            values.put("rewards/" + name, counts[kind + 1] / counts[kind]);
            values.put("logps/" + name, counts[kind + 2] / counts[kind]);
        }
    }

    private double loss(double divergence) {
        double[] all = ratios.toArray();
        double sum = 0;
        for (int i = 0; i < all.length; i += 2) {
            sum += measure.loss(all[i] == 1, all[i + 1], divergence);
        }
        return sum;
    }
}
