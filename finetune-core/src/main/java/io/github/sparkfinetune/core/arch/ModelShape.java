package io.github.sparkfinetune.core.arch;

/** Sizes that every model has, independent of its family's names. */
public sealed interface ModelShape permits EncoderShape, DecoderShape {
    /** Returns the number of transformer layers. */
    int layers();

    /** Returns the width of a hidden state. */
    int hidden();

    /** Returns the width of the feed-forward part. */
    int intermediate();

    /** Returns the number of rows of the embedding table. */
    int vocabulary();

    /** Returns the id of the padding token, whose embedding row gets no gradient; -1 for none. */
    int paddingId();

    /** Returns the length of the longest sample in tokens. */
    int maxLength();

    /** Returns the standard deviation of new weights. */
    double initializerRange();
}
