package io.github.sparkfinetune.core.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Metrics of a language model. {@code loss} is the mean cross-entropy of the tokens with a label, in nats.
 * {@code perplexity} is its exponential, which does not depend on the batches. Both are NaN without labels. With
 * generated answers, there are also the mean ROUGE F-measures. Not thread-safe.
 */
public final class LanguageModelMetrics implements Metrics {
    private static final List<String> ROUGE = List.of("rouge1", "rouge2", "rougeL");
    private static final int LOSS = 0;
    private static final int TOKENS = 1;
    private static final int ANSWERS = 2;
    private static final int FIRST_ROUGE = 3;

    private final double[] counts;

    /** Creates metrics without counts. */
    public LanguageModelMetrics() {
        this(new double[FIRST_ROUGE + ROUGE.size()]);
    }

    private LanguageModelMetrics(double[] counts) {
        if (counts.length != FIRST_ROUGE + ROUGE.size()) {
            throw new IllegalArgumentException(counts.length + " counts");
        }
        this.counts = counts;
    }

    /** Returns the metrics by which models are compared. */
    public static List<Metric> all() {
        return Stream.concat(ofTokens().stream(), ROUGE.stream().map(name -> new Metric(name, true)))
                .toList();
    }

    /** Returns the metrics without generated answers. */
    public static List<Metric> ofTokens() {
        return List.of(new Metric("loss", false), new Metric("perplexity", false));
    }

    /**
     * Counts tokens.
     *
     * @param lossSum sum of the tokens' cross-entropies, in nats
     * @param tokens number of tokens
     */
    public void addTokens(double lossSum, long tokens) {
        counts[LOSS] += lossSum;
        counts[TOKENS] += tokens;
    }

    /** Counts an answer by the F-measures of {@link Rouge}. */
    public void addAnswer(double rouge1, double rouge2, double rougeL) {
        counts[ANSWERS]++;
        counts[FIRST_ROUGE] += rouge1;
        counts[FIRST_ROUGE + 1] += rouge2;
        counts[FIRST_ROUGE + 2] += rougeL;
    }

    @Override
    public double[] counts() {
        return counts.clone();
    }

    @Override
    public LanguageModelMetrics of(double[] others, double[] observations) {
        return new LanguageModelMetrics(others.clone());
    }

    @Override
    public Map<String, Double> values() {
        Map<String, Double> values = new LinkedHashMap<>();
        double loss = counts[LOSS] / counts[TOKENS];
        values.put("loss", loss);
        values.put("perplexity", Math.exp(loss));
        if (counts[ANSWERS] > 0) {
            for (int i = 0; i < ROUGE.size(); i++) {
                values.put(ROUGE.get(i), counts[FIRST_ROUGE + i] / counts[ANSWERS]);
            }
        }
        return values;
    }
}
