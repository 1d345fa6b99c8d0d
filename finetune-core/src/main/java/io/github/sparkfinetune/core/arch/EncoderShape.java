package io.github.sparkfinetune.core.arch;

/**
 * Sizes and rates of an encoder, whatever its family calls them.
 *
 * @param layers number of transformer layers
 * @param widths widths of a token's values
 * @param tables rows of the tables that a token looks up
 * @param epsilon of the layer norms
 * @param activation of the feed-forward part, by its name in {@code transformers}
 * @param dropout rates of dropout
 * @param initializerRange standard deviation of new weights
 */
public record EncoderShape(
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
     * @param embedding width of the embeddings; where it is another than {@code hidden}, a linear widens their sum
     * @param heads attention heads
     * @param intermediate width of the feed-forward part
     */
    public record Widths(int hidden, int embedding, int heads, int intermediate) {}

    /**
     * Rows of the tables that a token looks up.
     *
     * @param vocabulary rows of the embedding table
     * @param positions rows of the position table
     * @param types rows of the token type table, 0 without one
     * @param firstPosition position of the first token (RoBERTa starts at its padding id + 1)
     * @param paddingId id of the padding token; its embedding row gets no gradient
     * @param relative rows of a table of relative positions that each layer takes as it takes tokens, 0 without one
     */
    public record Tables(int vocabulary, int positions, int types, int firstPosition, int paddingId, int relative) {}

    /**
     * Rates of dropout.
     *
     * @param embedding on the embeddings
     * @param hidden on the feed-forward output, and on the table of relative positions
     * @param attentionOutput on the attention's output
     * @param probs on the attention's probabilities
     */
    public record DropoutRates(double embedding, double hidden, double attentionOutput, double probs) {}

    @Override
    public int hidden() {
        return widths.hidden();
    }

    public int embedding() {
        return widths.embedding();
    }

    public int heads() {
        return widths.heads();
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
        return tables.positions() - tables.firstPosition();
    }
}
