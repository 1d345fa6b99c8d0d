package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A model as the trainer sees it: weights in blocks that are computed and differentiated one at a time. The input of
 * the first block is the rows of the embedding table that the batch's ids select ({@link #lookup}).
 *
 * @param <B> how the model lays out samples
 */
public interface Model<B extends Batch> {
    /** Output [B, classes] or [B, T, classes] of an encoder's head. */
    String LOGITS = "logits";
    /** Output [M, hidden] of a language model: its head is part of the loss. */
    String LAST_HIDDEN_STATE = "last_hidden_state";

    /** Hugging Face's name of the model's class, for {@code architectures} in config.json. */
    String className();

    /** Name of what the last block gives, as in the outputs of {@code transformers}. */
    String outputName();

    /** Longest sample in tokens. */
    int maxLength();

    /** Id of the padding token, whose embedding row gets no gradient; -1 for none. */
    int paddingId();

    /** The embedding table [vocabulary, hidden]. */
    Parameter table();

    /** The blocks in the order of computation. */
    List<Block> blocks();

    /**
     * What maps the last block's output to logits as part of the loss, where it has weights of its own: a block with
     * one parameter [vocabulary, hidden] that is never computed by itself.
     */
    default Optional<Block> projection() {
        return Optional.empty();
    }

    /** Whether the loss reads the embedding table itself, so that every row of it gets a gradient. */
    default boolean tied() {
        return false;
    }

    /** All parameters in the order of Hugging Face. */
    default List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(table());
        blocks().forEach(block -> all.addAll(block.parameters()));
        projection().ifPresent(block -> all.addAll(block.parameters()));
        return all;
    }

    /**
     * Samples as one batch.
     *
     * @param owner of its tensors
     * @param samples not empty, none longer than {@link #maxLength}
     */
    B batch(NDManager owner, List<Sample> samples);

    /** Rows of the embedding table for a batch: the shape of its ids, and hidden. */
    NDArray lookup(NDManager owner, B batch);

    /**
     * Computes one block.
     *
     * @param owner of the result
     * @param x rows for the first block, else the output of the block before
     * @param masks what is dropped
     */
    NDArray forward(NDManager owner, Block block, NDArray x, B batch, DropoutMasks masks);

    /**
     * Computes one block so that it can be differentiated.
     *
     * @param x as in {@link #forward}; must stay open until the tape's backward
     * @param wanted whether the gradient of {@code x} is
     */
    Tape record(NDManager owner, Block block, NDArray x, boolean wanted, B batch, DropoutMasks masks);

    /** Takes note that the optimiser moved the parameters. */
    default void updated() {}
}
