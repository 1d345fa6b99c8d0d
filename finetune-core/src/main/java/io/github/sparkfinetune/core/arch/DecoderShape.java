package io.github.sparkfinetune.core.arch;

/**
 * Sizes and rates of a decoder, independent of its family's names.
 *
 * @param layers number of transformer layers
 * @param widths widths of a token's values
 * @param tables sizes of the lookup tables
 * @param epsilon epsilon of the norms
 * @param activation the feed-forward part's activation, by its name in {@code transformers}
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
     * @param heads number of attention heads
     * @param kvHeads number of heads of keys and values, a divisor of {@code heads}
     * @param headWidth width of a head
     * @param intermediate width of the feed-forward part
     */
    public record Widths(int hidden, int heads, int kvHeads, int headWidth, int intermediate) {}

    /**
     * Sizes of the tables that a token looks up.
     *
     * @param vocabulary number of rows of the embedding table
     * @param positions longest sample in tokens
     * @param paddingId id whose embedding row gets no gradient, or -1 for none
     * @param tied whether the embedding table also maps hidden states to logits
     */
    public record Tables(int vocabulary, int positions, int paddingId, boolean tied) {}

    /**
     * Rates of dropout.
     *
     * @param embedding rate on the embeddings
     * @param probs rate on the attention's probabilities
     * @param residual rate on the output of each half of a layer
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

    /** Returns the width of all queries. */
    public int queryWidth() {
        return heads() * headWidth();
    }

    /** Returns the width of all keys, which is also that of all values. */
    public int keyWidth() {
        return kvHeads() * headWidth();
    }
}
