package io.github.sparkfinetune.core.arch;

/**
 * Sizes and rates of a decoder, whatever its family calls them.
 *
 * @param layers number of transformer layers
 * @param widths widths of a token's values
 * @param tables rows of the tables that a token looks up
 * @param epsilon of the norms
 * @param activation of the feed-forward part, by its name in {@code transformers}
 * @param dropout rates of dropout
 * @param initializerRange standard deviation of new weights
 */
public record DecoderShape(
        int layers,
        Widths widths,
        Tables tables,
        double epsilon,
        String activation,
        DropoutRates dropout,
        double initializerRange)
        implements ModelShape {

    /**
     * Widths of a token's values.
     *
     * @param hidden width of a hidden state
     * @param heads attention heads
     * @param kvHeads heads of keys and values, which divide the attention heads
     * @param headWidth width of a head
     * @param intermediate width of the feed-forward part
     */
    public record Widths(int hidden, int heads, int kvHeads, int headWidth, int intermediate) {}

    /**
     * Rows of the tables that a token looks up.
     *
     * @param vocabulary rows of the embedding table
     * @param positions longest sample in tokens
     * @param paddingId id whose embedding row gets no gradient, or -1 for none
     * @param tied whether the embedding table also maps hidden states to logits
     */
    public record Tables(int vocabulary, int positions, int paddingId, boolean tied) {}

    /**
     * Rates of dropout.
     *
     * @param embedding on the embeddings
     * @param probs on the attention's probabilities
     * @param residual on the output of each half of a layer
     */
    public record DropoutRates(double embedding, double probs, double residual) {
        /** No dropout. */
        public static final DropoutRates NONE = new DropoutRates(0, 0, 0);
    }

    @Override
    public int hidden() {
        return widths.hidden();
    }

    public int heads() {
        return widths.heads();
    }

    public int kvHeads() {
        return widths.kvHeads();
    }

    public int headWidth() {
        return widths.headWidth();
    }

    @Override
    public int intermediate() {
        return widths.intermediate();
    }

    @Override
    public int vocabulary() {
        return tables.vocabulary();
    }

    @Override
    public int paddingId() {
        return tables.paddingId();
    }

    @Override
    public int maxLength() {
        return tables.positions();
    }

    /** Width of all queries. */
    public int queryWidth() {
        return heads() * headWidth();
    }

    /** Width of all keys, and of all values. */
    public int keyWidth() {
        return kvHeads() * headWidth();
    }
}
