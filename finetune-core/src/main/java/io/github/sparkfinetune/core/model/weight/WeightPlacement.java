package io.github.sparkfinetune.core.model.weight;

/** Memory and type of a weight while its model is computed. */
public enum WeightPlacement {
    /** Trained: F32 in its own memory. */
    TRAINED,
    /** Frozen: F32 in its own memory, because the checkpoint has another type, fewer rows or rows that change. */
    F32,
    /** Frozen: F32 in the mapped file. */
    MAPPED_F32,
    /** Frozen: BF16 in its own memory, rounded once for products. */
    BF16,
    /** Frozen: BF16 in the mapped file. */
    MAPPED_BF16,
    /** A layer's frozen linear in 16 bits in the mapped file, widened into a buffer each time its layer is computed. */
    WIDENED,
    /** A layer's frozen linear in the checkpoint's own 4 bits, widened like {@link #WIDENED}. */
    STORED_NF4,
    /** A layer's frozen linear, quantised to 4 bits at loading, widened like {@link #WIDENED}. */
    NF4,
    /** {@link #NF4} with double quantisation. */
    NF4_DOUBLE;

    /** Returns whether products read the weight in BF16 from its memory. */
    public boolean isBf16() {
        return this == BF16 || this == MAPPED_BF16;
    }

    /** Returns whether the weight is stored in 4 bits. */
    public boolean isNf4() {
        return this == STORED_NF4 || this == NF4 || this == NF4_DOUBLE;
    }

    /** Returns whether the weight is widened into a buffer each time its layer is computed. */
    public boolean isWidened() {
        return switch (this) {
            case WIDENED, STORED_NF4, NF4, NF4_DOUBLE -> true;
            case TRAINED, F32, MAPPED_F32, BF16, MAPPED_BF16 -> false;
        };
    }
}
