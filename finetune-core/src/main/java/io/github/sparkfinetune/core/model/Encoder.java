package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.EncoderShape;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.List;
import java.util.Map;

/**
 * A BERT-like encoder with a head: its weights in Java, its computation in {@code encoder.py}, called a block at a
 * time. The input of the first block is the rows of the embedding table that the batch's ids select ({@link #lookup});
 * a gradient of the table therefore exists for these rows alone.
 */
public final class Encoder implements Model<PaddedBatch> {
    /** Scripts that an encoder needs in its module, besides {@link MatmulBackend}. */
    public static final List<String> SCRIPTS = List.of(
            "/io/github/sparkfinetune/core/tensor/autograd.py",
            "/io/github/sparkfinetune/core/model/linear.py",
            "/io/github/sparkfinetune/core/model/encoder.py",
            "/io/github/sparkfinetune/core/model/encoder_layer.py");

    private final EncoderArchitecture architecture;
    private final EncoderShape shape;
    private final HeadKind headKind;
    private final HeadSpec head;
    private final ScriptModule script;
    private final Parameter table;
    private final List<Block> blocks;

    private Encoder(
            EncoderArchitecture architecture,
            HeadKind headKind,
            HeadSpec head,
            ScriptModule script,
            Parameter table,
            List<Block> blocks) {
        this.architecture = architecture;
        this.shape = architecture.shape();
        this.headKind = headKind;
        this.head = head;
        this.script = script;
        this.table = table;
        this.blocks = List.copyOf(blocks);
    }

    /**
     * Loads an encoder.
     *
     * @param manager owner of the weights, and their device
     * @param script module with {@link #SCRIPTS}
     * @param source weights; a head that is missing or of another size is drawn anew
     * @param classes what the head tells apart
     * @param adaptation what is trained, and how the rest is stored
     * @param seed of new weights
     */
    public static Encoder load(
            NDManager manager,
            ScriptModule script,
            HfConfig config,
            TensorSource source,
            HeadKind headKind,
            int classes,
            Adaptation adaptation,
            long seed) {
        EncoderArchitecture architecture = Architectures.encoder(config);
        Blocks builder = new Blocks(new Weights(source, architecture, manager, script, adaptation, seed));
        WeightSpec table = architecture.table();
        Parameter tableValue = builder.weights().vocabulary(table, BlockKind.EMBEDDINGS, table.name());
        List<Block> blocks = architecture.blocks(headKind, classes).stream()
                .map(builder::block)
                .toList();
        builder.requireAllUsed();
        return new Encoder(architecture, headKind, architecture.head(headKind, classes), script, tableValue, blocks);
    }

    /**
     * Sizes of the encoder that a configuration describes.
     *
     * @throws io.github.sparkfinetune.conf.RunException where it is not a supported one
     */
    public static EncoderShape shape(HfConfig config) {
        return Architectures.encoder(config).shape();
    }

    public EncoderShape shape() {
        return shape;
    }

    @Override
    public String className() {
        return architecture.className(headKind);
    }

    @Override
    public String outputName() {
        return LOGITS;
    }

    @Override
    public int maxLength() {
        return shape.maxLength();
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
    public void updated() {
        blocks.forEach(Block::updated);
    }

    @Override
    public PaddedBatch batch(NDManager owner, List<Sample> samples) {
        return PaddedBatch.of(owner, samples, shape);
    }

    @Override
    public NDArray lookup(NDManager owner, PaddedBatch batch) {
        return script.callOne(owner, "lookup", table.value(), batch.ids());
    }

    @Override
    public NDArray forward(NDManager owner, Block block, NDArray x, PaddedBatch batch, DropoutMasks masks) {
        return forward(owner, block, x, batch, masks.of(owner, this, block, batch));
    }

    @Override
    public Tape record(NDManager owner, Block block, NDArray x, boolean wanted, PaddedBatch batch, DropoutMasks masks) {
        Map<String, NDArray> dropped = masks.of(owner, this, block, batch);
        if (block.kind() == BlockKind.LAYER) {
            return new EncoderLayerTape(script, shape, owner, block, x, batch, dropped, wanted);
        }
        return GraphTape.record(script, owner, block, x, wanted, input -> forward(owner, block, input, batch, dropped));
    }

    private NDArray forward(NDManager owner, Block block, NDArray x, PaddedBatch batch, Map<String, NDArray> dropped) {
        return switch (block.kind()) {
            case EMBEDDINGS ->
                script.callOne(
                        owner,
                        "embeddings",
                        x,
                        block.weights(),
                        batch.positions(),
                        batch.types(),
                        dropped,
                        shape.epsilon(),
                        Dropout.scale(shape.hiddenDropout()));
            case LAYER ->
                script.callOne(
                        owner,
                        "layer",
                        x,
                        block.weights(),
                        batch.bias(),
                        dropped,
                        shape.heads(),
                        shape.epsilon(),
                        shape.activation(),
                        Dropout.scale(shape.probsDropout()),
                        Dropout.scale(shape.hiddenDropout()));
            case HEAD ->
                script.callOne(
                        owner,
                        headKind == HeadKind.SEQUENCE_CLASSIFICATION ? "sequence_head" : "token_head",
                        x,
                        block.weights(),
                        dropped,
                        head.activation(),
                        Dropout.scale(head.dropout()));
            case PROJECTION -> throw new IllegalArgumentException("an encoder has no projection");
        };
    }

    HeadKind headKind() {
        return headKind;
    }

    HeadSpec head() {
        return head;
    }
}
