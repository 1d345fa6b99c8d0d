package io.github.sparkfinetune.core.arch;

/**
 * Sizes and rates of an encoder, independent of its family's names.
 *
 * @param layers number of transformer layers
 * @param widths widths of a token's values
 * @param tables sizes of the lookup tables
 * @param epsilon epsilon of the layer norms
 * @param activation the feed-forward part's activation, by its name in {@code transformers}
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
     * @param embedding width of the embeddings; if it differs from {@code hidden}, a linear widens their sum
     * @param heads number of attention heads
     * @param intermediate width of the feed-forward part
     */
    public record Widths(int hidden, int embedding, int heads, int intermediate) {}

    /**
     * Sizes of the tables that a token looks up.
     *
     * @param vocabulary number of rows of the embedding table
     * @param positions number of rows of the position table
     * @param types number of rows of the token type table, 0 without a table
     * @param firstPosition position of the first token (RoBERTa starts at its padding id + 1)
     * @param paddingId id of the padding token; its embedding row gets no gradient
     * @param relative number of rows of a table of relative positions that each layer reads like tokens, 0 without a
     *     table
     */
    public record Tables(int vocabulary, int positions, int types, int firstPosition, int paddingId, int relative) {}

    /**
     * Rates of dropout.
     *
     * @param embedding rate on the embeddings
     * @param hidden rate on the feed-forward output, and on the table of relative positions
     * @param attentionOutput rate on the attention's output
     * @param probs rate on the attention's probabilities
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
