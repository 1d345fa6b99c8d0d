package io.github.sparkfinetune.core.arch;

/**
 * Sizes and rates of a decoder, whatever its family calls them.
 *
 * @param layers number of transformer layers
 * @param hidden width of a hidden state
 * @param heads attention heads
 * @param kvHeads heads of keys and values, which divide the attention heads
 * @param headWidth width of a head
 * @param intermediate width of the feed-forward part
 * @param vocabulary rows of the embedding table
 * @param positions longest sample in tokens
 * @param paddingId id whose embedding row gets no gradient, or -1 for none
 * @param epsilon of the norms
 * @param tied whether the embedding table also maps hidden states to logits
 * @param activation of the feed-forward part, by its name in {@code transformers}
 * @param embeddingDropout on the embeddings
 * @param probsDropout on the attention's probabilities
 * @param residualDropout on the output of each half of a layer
 * @param initializerRange standard deviation of new weights
 */
public record DecoderShape(
        int layers,
        int hidden,
        int heads,
        int kvHeads,
        int headWidth,
        int intermediate,
        int vocabulary,
        int positions,
        int paddingId,
        double epsilon,
        boolean tied,
        String activation,
        double embeddingDropout,
        double probsDropout,
        double residualDropout,
        double initializerRange)
        implements ModelShape {

    /** Width of all queries. */
    public int queryWidth() {
        return heads * headWidth;
    }

    /** Width of all keys, and of all values. */
    public int keyWidth() {
        return kvHeads * headWidth;
    }

    @Override
    public int maxLength() {
        return positions;
    }
}
