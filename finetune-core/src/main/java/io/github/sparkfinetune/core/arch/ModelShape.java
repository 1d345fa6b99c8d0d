package io.github.sparkfinetune.core.arch;

/** Sizes that every model has, whatever its family calls them. */
public sealed interface ModelShape permits EncoderShape, DecoderShape {
    /** Number of transformer layers. */
    int layers();

    /** Width of a hidden state. */
    int hidden();

    /** Width of the feed-forward part. */
    int intermediate();

    /** Rows of the embedding table. */
    int vocabulary();

    /** Id of the padding token, whose embedding row gets no gradient; -1 for none. */
    int paddingId();

    /** Longest sample in tokens. */
    int maxLength();

    /** Standard deviation of new weights. */
    double initializerRange();
}
