package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A Llama- or GPT-like language model: its weights in Java, its computation in the text of its family, called a block
 * at a time. Samples lie side by side without padding, see {@link PackedBatch}. The last block gives the hidden states
 * [M, hidden] of the tokens before a label; what maps them to logits is part of the loss.
 */
public final class Decoder implements Model<PackedBatch> {
    /** Scripts that a decoder needs in its module, besides those of an encoder. */
    public static final List<String> SCRIPTS = Stream.concat(
                    Stream.of(
                            "/io/github/sparkfinetune/core/model/decoder.py",
                            "/io/github/sparkfinetune/core/model/cached.py"),
                    Architectures.TEXTS.stream())
            .toList();

    private final DecoderArchitecture architecture;
    private final DecoderBlocks computed;
    private final DecoderShape shape;
    private final ScriptModule script;
    private final Parameter table;
    private final List<Block> blocks;
    private final Optional<Block> projection;
    private final Optional<NDArray> frequencies;

    private Decoder(
            DecoderArchitecture architecture,
            DecoderBlocks computed,
            ScriptModule script,
            Parameter table,
            List<Block> blocks,
            Optional<Block> projection,
            Optional<NDArray> frequencies) {
        this.architecture = architecture;
        this.computed = computed;
        this.shape = architecture.shape();
        this.script = script;
        this.table = table;
        this.blocks = List.copyOf(blocks);
        this.projection = projection;
        this.frequencies = frequencies;
    }

    /**
     * Loads a decoder.
     *
     * @param manager owner of the weights, and their device
     * @param script module with {@link Encoder#SCRIPTS} and {@link #SCRIPTS}
     * @param adaptation what is trained, and how the rest is stored
     * @param seed of new weights
     */
    public static Decoder load(
            NDManager manager,
            ScriptModule script,
            HfConfig config,
            TensorSource source,
            Adaptation adaptation,
            long seed) {
        DecoderArchitecture architecture = Architectures.decoder(config);
        Blocks builder = new Blocks(new Weights(source, architecture, manager, script, adaptation, seed));
        WeightSpec table = architecture.table();
        Parameter tableValue = builder.weights().vocabulary(table, BlockKind.EMBEDDINGS, table.name());
        List<Block> blocks = architecture.blocks(HeadKind.CAUSAL_LM, 0).stream()
                .map(builder::block)
                .toList();
        Optional<Block> projection = Projection.of(architecture, adaptation).map(builder::projection);
        builder.requireAllUsed();
        DecoderBlocks computed = DecoderBlocks.of(architecture);
        return new Decoder(
                architecture, computed, script, tableValue, blocks, projection, computed.frequencies(script, manager));
    }

    /**
     * Sizes of the decoder that a configuration describes.
     *
     * @throws io.github.sparkfinetune.conf.RunException where it is not a supported one
     */
    public static DecoderShape shape(HfConfig config) {
        return Architectures.decoder(config).shape();
    }

    public DecoderShape shape() {
        return shape;
    }

    @Override
    public String className() {
        return architecture.className(HeadKind.CAUSAL_LM);
    }

    @Override
    public String outputName() {
        return LAST_HIDDEN_STATE;
    }

    @Override
    public int maxLength() {
        return shape.positions();
    }

    @Override
    public int paddingId() {
        return shape.paddingId();
    }

    @Override
    public Parameter table() {
        return table;
    }

    @Override
    public List<Block> blocks() {
        return blocks;
    }

    @Override
    public Optional<Block> projection() {
        return projection;
    }

    @Override
    public boolean tied() {
        return projection.isEmpty();
    }

    @Override
    public void updated() {
        blocks.forEach(Block::updated);
    }

    /** What maps hidden states to logits [vocabulary, hidden]: a weight of its own, or the embedding table. */
    public NDArray projectionWeight() {
        return projection.map(block -> block.parameters().get(0).value()).orElse(table.value());
    }

    @Override
    public PackedBatch batch(NDManager owner, List<Sample> samples) {
        return PackedBatch.of(owner, script, samples, shape, frequencies, false);
    }

    /** As {@link #batch}, but for the hidden states of all tokens. */
    public PackedBatch wholeBatch(NDManager owner, List<Sample> samples) {
        return PackedBatch.of(owner, script, samples, shape, frequencies, true);
    }

    DecoderBlocks computed() {
        return computed;
    }

    ScriptModule script() {
        return script;
    }

    Optional<NDArray> frequencies() {
        return frequencies;
    }

    @Override
    public NDArray lookup(NDManager owner, PackedBatch batch) {
        return script.callOne(owner, "lookup", table.value(), batch.ids());
    }

    @Override
    public NDArray forward(NDManager owner, Block block, NDArray x, PackedBatch batch, DropoutMasks masks) {
        return computed.forward(script, owner, block, x, batch, masks.of(owner, shape, block, batch));
    }

    @Override
    public Tape record(NDManager owner, Block block, NDArray x, boolean wanted, PackedBatch batch, DropoutMasks masks) {
        return computed.record(script, owner, block, x, wanted, batch, masks.of(owner, shape, block, batch));
    }
}
