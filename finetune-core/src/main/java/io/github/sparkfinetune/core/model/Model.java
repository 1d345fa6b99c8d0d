package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.sharded.ShardedWeights;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.model.weight.Parameter;
import io.github.sparkfinetune.core.model.weight.ParameterGroup;
import io.github.sparkfinetune.core.model.weight.TokenRows;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A model for training and inference: weights in blocks that are computed and differentiated one at a time. The input
 * of the first block is the embedding rows of the batch's ids ({@link #lookup}).
 */
public abstract sealed class Model permits Encoder, Decoder {
    /** Output of an encoder's head, [B, classes] or [N, classes]. */
    public static final String LOGITS = HeadKind.SEQUENCE_CLASSIFICATION.output();
    /** Output of a language model, [M, width]; the loss maps it to logits over the vocabulary. */
    public static final String LAST_HIDDEN_STATE = HeadKind.CAUSAL_LM.output();

    /** Output of a model that embeds texts, [B, hidden]. */
    public static final String SENTENCE_EMBEDDING = HeadKind.EMBEDDING.output();

    private final ModelParts parts;
    private final HeadSpec head;

    /** @param head the model's head */
    Model(ModelParts parts, HeadSpec head) {
        this.parts = parts;
        this.head = head;
    }

    final ModelParts parts() {
        return parts;
    }

    /** Returns the model's script, which has {@code core.tensor}'s methods. The owner of the weights closes it. */
    public final ScriptModule script() {
        return parts.script();
    }

    /** Returns the backend of matrix products. */
    public final MatmulBackend matmul() {
        return parts.matmul();
    }

    /** Returns Hugging Face's name of the model's class, for {@code architectures} in config.json. */
    public final String className() {
        return parts.architecture().className(parts.head());
    }

    /** Returns the name of the last block's output, as in the outputs of {@code transformers}. */
    public final String outputName() {
        return headKind().output();
    }

    final HeadKind headKind() {
        return parts.head();
    }

    final HeadSpec head() {
        return head;
    }

    /** Returns whether the head reads the first token of each sample alone. */
    boolean readsFirstTokens() {
        return false;
    }

    /** Returns the sizes and rates of the model. */
    public final ModelShape shape() {
        return parts.architecture().shape();
    }

    /** Returns the largest number of tokens of a sample. */
    public final int maxLength() {
        return shape().maxLength();
    }

    /** Returns the number of elements of a token's hidden state. */
    public final int width() {
        return shape().hidden();
    }

    /** Returns the id of the padding token, whose embedding row has no gradient, or -1. */
    public final int paddingId() {
        return shape().paddingId();
    }

    /** Returns the embedding table, [vocabulary, hidden]. */
    public final Parameter table() {
        return parts.table().parameter();
    }

    /** Returns the rows of a frozen table that are trained. */
    public final Optional<TokenRows> tokenRows() {
        return parts.table().tokenRows();
    }

    /** Returns the blocks in the order of computation. */
    public final List<Block> blocks() {
        return parts.blocks();
    }

    /** Returns the lm_head's own weights, or empty if it has none, see {@link LmHead}. */
    public final Optional<ParameterGroup> lmHead() {
        return parts.output().lmHead();
    }

    /**
     * Returns all weights of the lm_head, see {@link LmHead}, in the type that products read. The map is empty if the
     * loss needs none.
     */
    public final Map<String, NDArray> lmHeadWeights() {
        return parts.passes()
                .map(ShardedPasses::lmHeadWeights)
                .orElse(parts.output().weights());
    }

    /** Returns whether the loss reads the embedding table itself, so that every row has a gradient. */
    public final boolean tied() {
        return outputName().equals(LAST_HIDDEN_STATE) && LmHead.isTable(lmHead());
    }

    /** Returns the cap c by which the loss bounds logits z over the vocabulary, c·tanh(z / c), or 0 for no cap. */
    public double logitCap() {
        return 0;
    }

    /** Returns the weights that every layer reads besides its own. */
    public final Optional<ParameterGroup> shared() {
        return parts.shared();
    }

    /** Returns all parameters in the order of Hugging Face, except that shared parameters follow the blocks. */
    public final List<Parameter> parameters() {
        List<Parameter> all = new ArrayList<>();
        all.add(table());
        tokenRows().ifPresent(rows -> all.add(rows.parameter()));
        blocks().forEach(block -> all.addAll(block.parameters()));
        shared().ifPresent(block -> all.addAll(block.parameters()));
        lmHead().ifPresent(block -> all.addAll(block.parameters()));
        return all;
    }

    /**
     * Returns samples as one batch.
     *
     * @param owner owner of the batch's tensors
     * @param samples samples, not empty, none longer than {@link #maxLength}
     */
    public abstract Batch batch(NDManager owner, List<Sample> samples);

    /** Returns the number of a sample's tokens in a batch, including counted padding. */
    public int rows(Sample sample) {
        return sample.length();
    }

    /** Returns the embedding rows of a batch's ids, [N, hidden]. */
    public final NDArray lookup(NDManager owner, Batch batch) {
        return parts.passes()
                .flatMap(passes -> passes.lookup(owner, batch))
                .orElseGet(() -> script().callOne(owner, "lookup", table().value(), batch.ids()));
    }

    /** Returns this rank's share of the embedding table, or empty if this rank holds it whole. */
    public final Optional<ShardedWeights> shardedTable() {
        return parts.table().sharded();
    }

    /**
     * Begins a pass of all ranks over the model, if they share its weights. Each block must be {@link #prepare
     * prepared} in the pass, also on a rank without samples.
     *
     * @param sortedIds distinct token ids of all ranks' samples in ascending order, equal on all ranks
     */
    public final void begin(int[] sortedIds) {
        parts.passes().ifPresent(passes -> passes.begin(sortedIds));
    }

    /**
     * Begins a pass that computes a batch on this rank, if the ranks share the weights. A rank that has no more batches
     * takes part by {@link #finish}.
     */
    public final void join(Batch batch) {
        parts.passes().ifPresent(passes -> passes.join(batch));
    }

    /** Takes part in the passes of other ranks until none has a batch for {@link #join}. */
    public final void finish() {
        parts.passes().ifPresent(ShardedPasses::finish);
    }

    /**
     * Gathers the weights of the next block of a pass, if the ranks share them.
     *
     * @param isForward whether the block after it is the one above
     */
    public final void prepare(Block block, boolean isForward) {
        parts.passes().ifPresent(passes -> passes.prepare(block, isForward));
    }

    /** Gathers the weights of the lm_head, after the last block of a pass. */
    public final void prepareLmHead() {
        parts.passes().ifPresent(ShardedPasses::prepareLmHead);
    }

    /** Frees the gathered weights of the lm_head before the end of a pass. */
    public final void releaseLmHead() {
        parts.passes().ifPresent(ShardedPasses::releaseLmHead);
    }

    /**
     * Returns the factor by which {@code transformers}' embedding module scales rows; {@link #lookup} does not scale.
     */
    public double tableScale() {
        return 1;
    }

    /**
     * Returns a block with the inputs of its computation.
     *
     * @param x embedding rows for the first block, else the output of the previous block
     * @param masks dropout masks
     */
    public final BlockCall call(Block block, NDArray x, Batch batch, DropoutMasks masks) {
        return new BlockCall(script(), block, x, batch, masks.of(this, block, batch));
    }

    /** Returns the linears of a layer that also read the table of relative positions, by their names in the script. */
    final Set<String> relativeLinears() {
        return parts.architecture().relativeLinears();
    }

    /** Returns the name of the script method that computes a block. */
    private String method(Block block) {
        return switch (block.kind()) {
            case EMBEDDINGS -> "embeddings";
            case LAYER -> "layer";
            case HEAD -> headKind().method();
        };
    }

    /**
     * Computes one block.
     *
     * @param owner owner of the result
     */
    public final NDArray forward(NDManager owner, BlockCall call) {
        return call.run(owner, method(call.block()));
    }

    /** Computes one block. The parameters are those of {@link #call}. */
    public final NDArray forward(NDManager owner, Block block, NDArray x, Batch batch, DropoutMasks masks) {
        return forward(owner, call(block, x, batch, masks));
    }

    /**
     * Computes one block so that it can be differentiated.
     *
     * @param call call whose input must stay open until the tape's backward
     * @param needsInputGrad whether the gradient of the input is computed
     */
    public final Tape record(NDManager owner, BlockCall call, boolean needsInputGrad) {
        return parts.architecture().isWritten(call.block().kind(), parts.head(), matmul().isBf16())
                ? new LayerTape(owner, call, needsInputGrad)
                : new GraphTape(owner, call, method(call.block()), needsInputGrad);
    }

    /**
     * Returns whether the backward of a block's tape can write the gradients of each sample, see
     * {@link BlockCall#bySample}: layers of which only adapters are trained.
     */
    public final boolean differentiatesBySample(Block block) {
        return block.kind() == BlockKind.LAYER && !parts.architecture().isRecorded() && block.trainsOnlyLowRank();
    }

    /** Returns whether a block's tape can {@link Tape#measure measure} the samples' gradients. */
    public final boolean measuresSamples(Block block) {
        return parts.architecture().measuresSamples(block.kind(), parts.head(), matmul().isBf16());
    }

    /** Sets whether the model computes with its adapters, as it does at first, or without. */
    public final void applyAdapters(boolean applied) {
        blocks().forEach(block -> block.applyAdapters(applied));
        tokenRows().ifPresent(rows -> rows.apply(applied));
    }

    /** Updates values derived from the parameters, after the optimizer has changed them. */
    public final void updated() {
        parts.passes().ifPresent(ShardedPasses::updated);
        blocks().forEach(Block::updated);
        tokenRows().ifPresent(rows -> rows.apply(true));
    }
}
