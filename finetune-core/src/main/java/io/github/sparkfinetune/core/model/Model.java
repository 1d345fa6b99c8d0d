package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
    /** Output [M, width] of a language model: what maps it to logits over the vocabulary is part of the loss. */
    String LAST_HIDDEN_STATE = "last_hidden_state";

    /** The text that computes it, with {@code core.tensor}'s methods; closed by the owner of the weights. */
    ScriptModule script();

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

    /** Rows of the table that are trained where the table is frozen. */
    default Optional<TokenRows> tokenRows() {
        return Optional.empty();
    }

    /** The blocks in the order of computation. */
    List<Block> blocks();

    /**
     * What maps the last block's output to logits as part of the loss, where it has weights of its own: a block that is
     * never computed by itself, see {@link Projection}.
     */
    default Optional<Block> projection() {
        return Optional.empty();
    }

    /**
     * All weights that the loss maps the last block's output to logits by, see {@link Projection}, as products read
     * them; empty where that output is logits.
     */
    Map<String, NDArray> projectionWeights();

    /** Whether the loss reads the embedding table itself, so that every row of it gets a gradient. */
    default boolean tied() {
        return outputName().equals(LAST_HIDDEN_STATE) && Projection.isTable(projection());
    }

    /** The cap c that the loss bounds logits z over the vocabulary by, c·tanh(z / c); 0 for none. */
    default double logitCap() {
        return 0;
    }

    /** Weights that every layer reads besides its own, as a block that is never computed by itself. */
    default Optional<Block> shared() {
        return Optional.empty();
    }

    /** All parameters in the order of Hugging Face, but for those that layers share: they follow the blocks. */
    default List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(table());
        tokenRows().ifPresent(rows -> all.add(rows.parameter()));
        blocks().forEach(block -> all.addAll(block.parameters()));
        shared().ifPresent(block -> all.addAll(block.parameters()));
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

    /** What the table's own module in {@code transformers} multiplies looked-up rows by; {@link #lookup} does not. */
    default double tableScale() {
        return 1;
    }

    /**
     * A block with what it is computed from.
     *
     * @param owner of the masks
     * @param x rows for the first block, else the output of the block before
     * @param masks what is dropped
     */
    BlockCall call(NDManager owner, Block block, NDArray x, B batch, DropoutMasks masks);

    /**
     * Computes one block.
     *
     * @param owner of the result
     */
    NDArray forward(NDManager owner, BlockCall call);

    /** Computes one block; the parameters are those of {@link #call}. */
    default NDArray forward(NDManager owner, Block block, NDArray x, B batch, DropoutMasks masks) {
        return forward(owner, call(owner, block, x, batch, masks));
    }

    /**
     * Computes one block so that it can be differentiated.
     *
     * @param call its input must stay open, and its masks unchanged, until the tape's backward
     * @param wanted whether the gradient of the input is
     */
    Tape record(NDManager owner, BlockCall call, boolean wanted);

    /** Computes with the adapters, as it does from the start, or as if there were none. */
    default void applyAdapters(boolean applied) {
        blocks().forEach(block -> block.applyAdapters(applied));
        tokenRows().ifPresent(rows -> rows.apply(applied));
    }

    /** Takes note that the optimizer moved the parameters. */
    default void updated() {
        blocks().forEach(Block::updated);
        tokenRows().ifPresent(rows -> rows.apply(true));
    }
}
