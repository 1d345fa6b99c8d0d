package io.github.sparkfinetune.core.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of answers that are good or bad, named as in TRL's {@code KTOTrainer}. {@code loss} is a mean over all
 * answers; {@code kl} is the divergence with which answers are compared. There are mean rewards and log-probabilities
 * of the good answers ({@code rewards/chosen}, {@code logps/chosen}) and of the bad answers ({@code rewards/rejected},
 * {@code logps/rejected}). {@code rewards/margins} is the difference of the mean rewards. Without good or without bad
 * answers, their means are missing. TRL compares answers with those of their batch. Here answers are compared with all
 * counted answers. The loss is computed at the end, from 16 bytes per sample. Not thread-safe.
 */
public final class UnpairedPreferenceMetrics implements Metrics {

    /** Loss and reward of answers. */
    public interface Measure {
        /**
         * Returns the divergence with which answers are compared.
         *
         * @param sum sum of log-ratios, model over reference, of answers to other prompts
         * @param count number of these answers
         * @return divergence in nats, at least 0; 0 without answers
         */
        double divergence(double sum, double count);

        /**
         * Returns the loss of an answer.
         *
         * @param ratio log-ratio of the answer's probabilities, model over reference
         * @param divergence divergence with which the answer is compared
         */
        double loss(boolean desirable, double ratio, double divergence);

        /** Returns the reward of an answer from its log-ratio. */
        double reward(double ratio);
    }

    private static final int DIVERGENCE = 0;
    /** Index of the number of good answers, then the sums of their rewards and log-probabilities. */
    private static final int GOOD = 1;

    private static final int BAD = 4;
    private static final int COUNTS = 7;

    private final Measure measure;
    private final double[] counts;
    /** For each sample: 1 if the answer is good, else 0; the log-ratio. */
    private final Observations ratios;

    /** Creates metrics without counts. */
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

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return List.of(new Metric("loss", false), new Metric("rewards/margins", true));
    }

    /**
     * Counts an answer.
     *
     * @param ratio log-ratio of the answer's probabilities, model over reference
     * @param logProb log-probability of the answer, in nats
     * @param mismatched log-ratio of the answer to another prompt
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
