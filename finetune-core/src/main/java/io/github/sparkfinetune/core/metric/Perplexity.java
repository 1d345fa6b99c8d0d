package io.github.sparkfinetune.core.metric;

/** The exponential of the mean cross-entropy of tokens, in nats; parts of the same text can be added up. */
public final class Perplexity {
    private double lossSum;
    private long tokens;
    private double batchLossSum;
    private long batches;

    /**
     * Counts a batch.
     *
     * @param lossSum sum of its tokens' cross-entropies
     * @param tokens how many they are; a batch of 0 counts nothing
     */
    public void add(double lossSum, long tokens) {
        if (tokens > 0) {
            this.lossSum += lossSum;
            this.tokens += tokens;
            batchLossSum += lossSum / tokens;
            batches++;
        }
    }

    /**
     * exp(mean loss of all tokens): what a text's perplexity is, however it was cut into batches. NaN for no tokens.
     */
    public double tokenMean() {
        return Math.exp(lossSum / tokens);
    }

    /** exp(mean of the batches' mean losses): what is often reported instead; it depends on the batches. */
    public double batchMean() {
        return Math.exp(batchLossSum / batches);
    }
}
