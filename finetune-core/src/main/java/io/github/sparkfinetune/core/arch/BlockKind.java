package io.github.sparkfinetune.core.arch;

/** What a block of a model computes. */
public enum BlockKind {
    /** Sums looked-up rows of the embedding table with positions and types. */
    EMBEDDINGS,
    /** One transformer layer. */
    LAYER,
    /** From the last hidden state to logits, or to what the projection maps to logits. */
    HEAD
}
