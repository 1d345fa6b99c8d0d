package io.github.sparkfinetune.core.arch;

/**
 * Numbers that a decoder's states are multiplied or bounded by. A cap c makes c·tanh(x / c) of x; 0 is none.
 *
 * @param embedding of looked-up rows
 * @param attention of the products of queries and keys
 * @param residual of what each half of a layer adds to the hidden state
 * @param logits of the hidden states that are projected to logits
 * @param normOffset what is added to the stored scales of RMS norms
 * @param attentionCap of the attention's scores
 * @param logitCap of the logits
 */
public record DecoderFactors(
        double embedding,
        double attention,
        double residual,
        double logits,
        double normOffset,
        double attentionCap,
        double logitCap) {

    public DecoderFactors {
        if (attentionCap < 0 || logitCap < 0) {
            throw new IllegalArgumentException("caps of " + attentionCap + " and " + logitCap);
        }
    }

    /** Nothing but the scores' usual factor, 1 / sqrt(width of a head). */
    public static DecoderFactors plain(int headWidth) {
        return new DecoderFactors(1, 1 / Math.sqrt(headWidth), 1, 1, 0, 0, 0);
    }
}
