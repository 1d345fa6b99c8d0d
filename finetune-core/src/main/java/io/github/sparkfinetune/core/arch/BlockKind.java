package io.github.sparkfinetune.core.arch;

/** Kind of a model's block. */
public enum BlockKind {
    /** Sums looked-up rows of the embedding table with positions and types. */
    EMBEDDINGS,
    /** One transformer layer. */
    LAYER,
    /** Maps the last hidden state to logits, or to the lm_head's input. */
    HEAD
}
