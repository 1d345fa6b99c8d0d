package io.github.sparkfinetune.core.metric;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Metrics of a language model: the mean cross-entropy of the tokens with a label, in nats, its exponential (the
 * perplexity, however a text is cut into batches), both NaN where no token has one; and the mean ROUGE F-measures of
 * generated answers, where there are any. Not thread-safe.
 */
public final class LanguageModelMetrics implements Metrics {
    private static final List<String> ROUGE = List.of("rouge1", "rouge2", "rougeL");
    private static final int LOSS = 0;
    private static final int TOKENS = 1;
    private static final int ANSWERS = 2;
    private static final int FIRST_ROUGE = 3;

    private final double[] counts;

    /** No counts yet. */
    public LanguageModelMetrics() {
        this(new double[FIRST_ROUGE + ROUGE.size()]);
    }

    private LanguageModelMetrics(double[] counts) {
        if (counts.length != FIRST_ROUGE + ROUGE.size()) {
            throw new IllegalArgumentException(counts.length + " counts");
        }
        this.counts = counts;
    }

    /** What models are compared by. */
    public static List<Metric> all() {
        return Stream.concat(ofTokens().stream(), ROUGE.stream().map(name -> new Metric(name, true)))
                .toList();
    }

    /** What is measured where no answer is generated. */
    public static List<Metric> ofTokens() {
        return List.of(new Metric("loss", false), new Metric("perplexity", false));
    }

    /**
     * Counts tokens.
     *
     * @param lossSum sum of their cross-entropies, in nats
     * @param tokens how many they are
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
