package io.github.sparkfinetune.core.memory;

/**
 * Trained parameters of which ranks can hold a share, with {@code cluster.shard: full}.
 *
 * @param all number of these parameters: those of the layers, of the embedding table and of the lm_head
 * @param largestLayer number of trained parameters of the largest layer
 * @param lmHead number of parameters that the loss reads: those of the lm_head, or of the table in its place
 * @param gathered bytes of these parameters when they are gathered
 * @param codes bytes of mapped codes of frozen 4-bit weights, which ranks can share too
 * @param largestCodes bytes of these codes of the largest layer
 */
public record ShardedParameters(
        long all, long largestLayer, long lmHead, Gathered gathered, long codes, long largestCodes) {
    /**
     * Bytes of trained weights that are gathered, in the type of the products that read them.
     *
     * @param layers bytes of all layers
     * @param largestLayer bytes of the largest layer
     * @param lmHead bytes of the lm_head's weights
     */
    public record Gathered(long layers, long largestLayer, long lmHead) {}
}
