package io.github.sparkfinetune.core.arch;

/**
 * Sizes and rates of an encoder, whatever its family calls them.
 *
 * @param layers number of transformer layers
 * @param hidden width of a hidden state
 * @param embedding width of the embeddings; where it is another than {@code hidden}, a linear widens their sum
 * @param heads attention heads
 * @param intermediate width of the feed-forward part
 * @param vocabulary rows of the embedding table
 * @param positions rows of the position table
 * @param types rows of the token type table, 0 without one
 * @param firstPosition position of the first token (RoBERTa starts at its padding id + 1)
 * @param paddingId id of the padding token; its embedding row gets no gradient
 * @param epsilon of the layer norms
 * @param activation of the feed-forward part, by its name in {@code transformers}
 * @param embeddingDropout on the embeddings
 * @param hiddenDropout on the feed-forward output, and on the table of relative positions
 * @param attentionOutputDropout on the attention's output
 * @param probsDropout on the attention's probabilities
 * @param initializerRange standard deviation of new weights
 * @param relativeRows rows of a table of relative positions that each layer takes as it takes tokens, 0 without one
 */
public record EncoderShape(
        int layers,
        int hidden,
        int embedding,
        int heads,
        int intermediate,
        int vocabulary,
        int positions,
        int types,
        int firstPosition,
        int paddingId,
        double epsilon,
        String activation,
        double embeddingDropout,
        double hiddenDropout,
        double attentionOutputDropout,
        double probsDropout,
        double initializerRange,
        int relativeRows)
        implements ModelShape {

    @Override
    public int maxLength() {
        return positions - firstPosition;
    }
}
