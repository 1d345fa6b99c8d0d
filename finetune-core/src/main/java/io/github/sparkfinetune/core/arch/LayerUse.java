package io.github.sparkfinetune.core.arch;

/** Trained parts of a layer, as far as its memory depends on them. */
public interface LayerUse {
    /**
     * Returns whether the backward of a linear reads its input, because the linear is trained or has an adapter.
     *
     * @param linear the linear's name in the family's script
     */
    boolean reads(String linear);

    /** Returns whether products read BF16. */
    boolean bf16();

    /** Returns the width, in F32 values, of a tensor that products read: in BF16 it is half as wide. */
    default long narrowed(long width) {
        return bf16() ? width * Short.BYTES / Float.BYTES : width;
    }

    /** Returns the number of values per token in all adapter inputs with dropout. */
    long droppedInputs();

    /** Returns the width of the widest adapter input with dropout. */
    long widestDroppedInput();

    /**
     * Returns the width of the widest output of a linear with an adapter, which then exists twice; 0 without adapters.
     */
    long widestAdapted();
}
