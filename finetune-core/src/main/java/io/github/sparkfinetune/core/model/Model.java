package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A model as the trainer sees it: weights in blocks that are computed and differentiated one at a time. The input of
 * the first block is the rows of the embedding table that the batch's ids select ({@link #lookup}).
 */
public abstract sealed class Model permits Encoder, Decoder {
    /** Output [B, classes] or [N, classes] of an encoder's head. */
    public static final String LOGITS = "logits";
    /** Output [M, width] of a language model: what maps it to logits over the vocabulary is part of the loss. */
    public static final String LAST_HIDDEN_STATE = "last_hidden_state";

    private final ModelParts parts;

    Model(ModelParts parts) {
        this.parts = parts;
    }

    final ModelParts parts() {
        return parts;
    }

    /** The text that computes it, with {@code core.tensor}'s methods; closed by the owner of the weights. */
    public final ScriptModule script() {
        return parts.script();
    }

    /** What computes matrix products. */
    public final MatmulBackend matmul() {
        return parts.matmul();
    }

    /** Hugging Face's name of the model's class, for {@code architectures} in config.json. */
    public final String className() {
        return parts.architecture().className(parts.head());
    }

    /** Name of what the last block gives, as in the outputs of {@code transformers}. */
    public abstract String outputName();

    /** Longest sample in tokens. */
    public abstract int maxLength();

    /** Id of the padding token, whose embedding row gets no gradient; -1 for none. */
    public abstract int paddingId();

    /** The embedding table [vocabulary, hidden]. */
    public final Parameter table() {
        return parts.table().parameter();
    }

    /** Rows of the table that are trained where the table is frozen. */
    public final Optional<TokenRows> tokenRows() {
        return parts.table().tokenRows();
    }

    /** The blocks in the order of computation. */
    public final List<Block> blocks() {
        return parts.blocks();
    }

    /**
     * Returns what maps the last block's output to logits as part of the loss, where it has weights of its own, see
     * {@link Projection}.
     */
    public final Optional<ParameterGroup> projection() {
        return parts.output().projection();
    }

    /**
     * All weights that the loss maps the last block's output to logits by, see {@link Projection}, as products read
     * them; empty where that output is logits.
     */
    public final Map<String, NDArray> projectionWeights() {
        return parts.output().weights();
    }

    /** Whether the loss reads the embedding table itself, so that every row of it gets a gradient. */
    public final boolean tied() {
        return outputName().equals(LAST_HIDDEN_STATE) && Projection.isTable(projection());
    }

    /** The cap c that the loss bounds logits z over the vocabulary by, c·tanh(z / c); 0 for none. */
    public double logitCap() {
        return 0;
    }

    /** Returns weights that every layer reads besides its own. */
    public final Optional<ParameterGroup> shared() {
        return parts.shared();
    }

    /** All parameters in the order of Hugging Face, but for those that layers share: they follow the blocks. */
    public final List<Parameter> parameters() {
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
    public abstract Batch batch(NDManager owner, List<Sample> samples);

    /** Rows of the embedding table for a batch: the shape of its ids, and hidden. */
    public final NDArray lookup(NDManager owner, Batch batch) {
        return script().callOne(owner, "lookup", table().value(), batch.ids());
    }

    /** What the table's own module in {@code transformers} multiplies looked-up rows by; {@link #lookup} does not. */
    public double tableScale() {
        return 1;
    }

    /**
     * A block with what it is computed from.
     *
     * @param owner of the masks
     * @param x rows for the first block, else the output of the block before
     * @param masks what is dropped
     */
    public abstract BlockCall call(NDManager owner, Block block, NDArray x, Batch batch, DropoutMasks masks);

    /** Name of the text's method that computes a block. */
    abstract String method(Block block);

    /**
     * Computes one block.
     *
     * @param owner of the result
     */
    public final NDArray forward(NDManager owner, BlockCall call) {
        return call.run(owner, method(call.block()));
    }

    /** Computes one block; the parameters are those of {@link #call}. */
    public final NDArray forward(NDManager owner, Block block, NDArray x, Batch batch, DropoutMasks masks) {
        return forward(owner, call(owner, block, x, batch, masks));
    }

    /**
     * Computes one block so that it can be differentiated.
     *
     * @param call its input must stay open, and its masks unchanged, until the tape's backward
     * @param needsInputGrad whether the gradient of the input is computed
     */
    public final Tape record(NDManager owner, BlockCall call, boolean needsInputGrad) {
        return call.block().kind() == BlockKind.LAYER && !parts.architecture().isRecorded()
                ? new LayerTape(owner, call, needsInputGrad)
                : new GraphTape(owner, call, method(call.block()), needsInputGrad);
    }

    /** Computes with the adapters, as it does from the start, or as if there were none. */
    public final void applyAdapters(boolean applied) {
        blocks().forEach(block -> block.applyAdapters(applied));
        tokenRows().ifPresent(rows -> rows.apply(applied));
    }

    /** Takes note that the optimizer moved the parameters. */
    public final void updated() {
        blocks().forEach(Block::updated);
        tokenRows().ifPresent(rows -> rows.apply(true));
    }
}
