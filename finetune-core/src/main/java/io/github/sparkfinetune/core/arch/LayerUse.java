package io.github.sparkfinetune.core.arch;

/** What is trained in a layer, as far as its memory depends on it. */
public interface LayerUse {
    /**
     * Whether the backward of a linear reads its input: it is trained, or has an adapter.
     *
     * @param linear its name in the family's text
     */
    boolean reads(String linear);

    /** Whether products read BF16. */
    boolean bf16();

    /** Of a tensor that products read its width, in values of F32: in BF16 it is half as wide. */
    default long narrowed(long width) {
        return bf16() ? width * Short.BYTES / Float.BYTES : width;
    }

    /** Values a token of the inputs that adapters drop some of. */
    long droppedInputs();

    /** The widest of them. */
    long widestDroppedInput();

    /** The widest output that an adapter adds to, which is there twice then; 0 without one. */
    long widestAdapted();
}
