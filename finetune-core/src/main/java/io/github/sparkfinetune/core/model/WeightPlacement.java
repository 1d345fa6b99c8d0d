package io.github.sparkfinetune.core.model;

/** Where a weight lives while its model is computed, and in which type. */
public enum WeightPlacement {
    /** Trained: F32, in memory of its own. */
    TRAINED,
    /** Frozen: F32 in memory of its own, because the checkpoint has another type, fewer rows or rows that change. */
    F32,
    /** Frozen: F32 where it lies in the mapped file. */
    MAPPED_F32,
    /** Frozen: BF16 in memory of its own, rounded once, as products read it. */
    BF16,
    /** Frozen: BF16 where it lies in the mapped file. */
    MAPPED_BF16,
    /** A layer's frozen linear of 16 bits in the mapped file, widened into a buffer whenever its layer is computed. */
    WIDENED,
    /** A layer's frozen linear in the checkpoint's own 4 bits, widened in the same way. */
    STORED_NF4,
    /** A layer's frozen linear that is quantised to 4 bits while it is loaded, widened in the same way. */
    NF4,
    /** The same with double quantisation. */
    NF4_DOUBLE;

    /** Returns whether products read it in BF16 where it lies. */
    boolean isBf16() {
        return this == BF16 || this == MAPPED_BF16;
    }

    /** Returns whether it is widened into a buffer whenever its layer is computed. */
    public boolean isWidened() {
        return switch (this) {
            case WIDENED, STORED_NF4, NF4, NF4_DOUBLE -> true;
            case TRAINED, F32, MAPPED_F32, BF16, MAPPED_BF16 -> false;
        };
    }
}
