package io.github.sparkfinetune.core.arch;

/**
 * Factors and caps of a decoder's states. A cap c turns x into c·tanh(x / c); 0 means no cap.
 *
 * @param embedding factor of looked-up rows
 * @param attention factor of the products of queries and keys
 * @param residual factor of the output of each half of a layer
 * @param logits factor of the hidden states that are projected to logits
 * @param normOffset offset that is added to the stored scales of RMS norms
 * @param attentionCap cap of the attention's scores
 * @param logitCap cap of the logits
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

    /** Returns the usual factors: only the attention's is not 1, but 1 / sqrt(width of a head). */
    public static DecoderFactors plain(int headWidth) {
        return new DecoderFactors(1, 1 / Math.sqrt(headWidth), 1, 1, 0, 0, 0);
    }
}
