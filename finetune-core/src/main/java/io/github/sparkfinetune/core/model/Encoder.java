package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.checkpoint.HfConfig;
import io.github.sparkfinetune.core.checkpoint.TensorSource;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A BERT-like encoder with a head: its weights in Java, its computation in {@code encoder.py}, called a block at a
 * time. The input of the first block is the rows of the embedding table that the batch's ids select ({@link #lookup});
 * a gradient of the table therefore exists for these rows alone.
 */
public final class Encoder {
    /** Scripts that an encoder needs in its module. */
    public static final List<String> SCRIPTS = List.of(
            "/io/github/sparkfinetune/core/tensor/autograd.py",
            "/io/github/sparkfinetune/core/model/encoder.py",
            Products.SCRIPT,
            "/io/github/sparkfinetune/core/model/encoder_layer.py");

    private final EncoderArchitecture architecture;
    private final EncoderShape shape;
    private final HeadKind headKind;
    private final HeadShape head;
    private final ScriptModule script;
    private final Parameter table;
    private final List<Block> blocks;

    private Encoder(
            EncoderArchitecture architecture,
            EncoderShape shape,
            HeadKind headKind,
            HeadShape head,
            ScriptModule script,
            Parameter table,
            List<Block> blocks) {
        this.architecture = architecture;
        this.shape = shape;
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
     * @param trainable the blocks that are trained
     * @param seed of new weights
     */
    public static Encoder load(
            NDManager manager,
            ScriptModule script,
            HfConfig config,
            TensorSource source,
            HeadKind headKind,
            int classes,
            Trainable trainable,
            long seed) {
        EncoderArchitecture architecture = EncoderArchitecture.of(config);
        EncoderShape shape = architecture.shape(config);
        HeadShape head = architecture.head(headKind, config);
        Weights weights = new Weights(source, architecture.prefix(), manager, script, seed, shape.initializerRange());
        int hidden = shape.hidden();
        Parameter table = weights.pretrained(architecture.table(), trainable.embeddings(), shape.vocabulary(), hidden);
        List<Block> blocks = new ArrayList<>();
        blocks.add(new Block(
                Block.Kind.EMBEDDINGS,
                -1,
                load(
                        architecture.embeddings(),
                        (local, name) ->
                                weights.pretrained(name, trainable.embeddings(), sizes(local, shape, hidden)))));
        for (int i = 0; i < shape.layers(); i++) {
            boolean trained = trainable.layer(i);
            blocks.add(new Block(
                    Block.Kind.LAYER,
                    i,
                    load(
                            architecture.layer(i),
                            (local, name) ->
                                    weights.pretrained(name, trained, sizes(local, shape, shape.intermediate())))));
        }
        blocks.add(new Block(
                Block.Kind.HEAD,
                -1,
                load(
                        head.parameters(),
                        (local, name) -> weights.head(name, trainable.head(), sizes(local, shape, classes)))));
        return new Encoder(architecture, shape, headKind, head, script, table, blocks);
    }

    /**
     * Sizes of the encoder that a configuration describes.
     *
     * @throws io.github.sparkfinetune.conf.RunException where it is not a supported one
     */
    public static EncoderShape shape(HfConfig config) {
        return EncoderArchitecture.of(config).shape(config);
    }

    private interface Loader {
        Parameter load(String local, String name);
    }

    private static Map<String, Parameter> load(Map<String, String> names, Loader loader) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        names.forEach((local, name) -> parameters.put(local, loader.load(local, name)));
        return parameters;
    }

    /** Shape of a weight by its local name; {@code wide} is the feed-forward width or the number of classes. */
    private static long[] sizes(String local, EncoderShape shape, int wide) {
        long hidden = shape.hidden();
        return switch (local) {
            case "position.weight" -> new long[] {shape.positions(), hidden};
            case "type.weight" -> new long[] {shape.types(), hidden};
            case "intermediate.weight", "classifier.weight" -> new long[] {wide, hidden};
            case "intermediate.bias", "classifier.bias" -> new long[] {wide};
            case "output.weight" -> new long[] {hidden, wide};
            default ->
                local.endsWith(".bias") || local.endsWith("norm.weight")
                        ? new long[] {hidden}
                        : new long[] {hidden, hidden};
        };
    }

    public EncoderShape shape() {
        return shape;
    }

    /** Hugging Face's name of the model's class, for {@code architectures} in config.json. */
    public String className() {
        return architecture.className() + headKind.suffix();
    }

    /** The embedding table [vocabulary, hidden]. */
    public Parameter table() {
        return table;
    }

    /** The blocks in the order of computation. */
    public List<Block> blocks() {
        return blocks;
    }

    /** All parameters in the order of Hugging Face. */
    public List<Parameter> parameters() {
        return Stream.concat(Stream.of(table), blocks.stream().flatMap(block -> block.parameters().stream()))
                .toList();
    }

    /** Rows of the embedding table for a batch: [B, T, hidden]. */
    public NDArray lookup(NDManager owner, Batch batch) {
        return script.callOne(owner, "lookup", table.value(), batch.ids());
    }

    /**
     * Computes one block.
     *
     * @param owner of the result
     * @param x rows [B, T, hidden] for the embeddings, else the hidden state [B, T, hidden] of the block below
     * @param masks what is dropped, see {@link DropoutMasks}
     * @return hidden state [B, T, hidden], or logits
     */
    public NDArray forward(NDManager owner, Block block, NDArray x, Batch batch, DropoutMasks masks) {
        return forward(owner, block, x, batch, masks.of(owner, this, block, batch));
    }

    /**
     * Computes one block so that it can be differentiated.
     *
     * @param x as in {@link #forward}; must stay open until the tape's backward
     * @param wanted whether the gradient of {@code x} is
     */
    public Tape record(NDManager owner, Block block, NDArray x, boolean wanted, Batch batch, DropoutMasks masks) {
        Map<String, NDArray> dropped = masks.of(owner, this, block, batch);
        if (block.kind() == Block.Kind.LAYER) {
            return new LayerTape(script, shape, owner, block, x, batch, dropped, wanted);
        }
        NDArray input = wanted ? script.callOne(owner, "leaf", x) : x;
        NDArray y = Torch.recording(() -> forward(owner, block, input, batch, dropped));
        return new GraphTape(script, block, wanted ? List.of(input) : List.of(), y);
    }

    private NDArray forward(NDManager owner, Block block, NDArray x, Batch batch, Map<String, NDArray> dropped) {
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
        };
    }

    HeadKind headKind() {
        return headKind;
    }

    HeadShape head() {
        return head;
    }
}
