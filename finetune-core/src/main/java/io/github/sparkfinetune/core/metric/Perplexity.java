package io.github.sparkfinetune.core.metric;

/**
 * The exponential of the mean cross-entropy of a text's tokens, in nats: exp(sum of losses / number of tokens), however
 * the text was cut into batches.
 */
public final class Perplexity {
    private double lossSum;
    private long tokens;

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
        }
    }

    /** The perplexity of all tokens; NaN for none. */
    public double tokenMean() {
        return Math.exp(lossSum / tokens);
    }
}
