package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.DecoderFactors;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.WeightSpec;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A Llama- or GPT-like language model: its weights in Java, its computation in the text of its family, called a block
 * at a time. Samples lie side by side without padding, see {@link PackedBatch}. The last block gives the hidden states
 * [M, hidden] of the tokens before a label; what maps them to logits is part of the loss.
 */
public final class Decoder implements Model<PackedBatch> {
    private final DecoderArchitecture architecture;
    private final DecoderShape shape;
    private final MatmulBackend matmul;
    private final ScriptModule script;
    private final Parameter table;
    private final Optional<TokenRows> tokenRows;
    private final List<Block> blocks;
    private final Optional<Block> projection;
    private final Map<String, NDArray> projectionWeights;
    private final LayerInputs layerInputs;

    private Decoder(
            DecoderArchitecture architecture,
            MatmulBackend matmul,
            ScriptModule script,
            Parameter table,
            Optional<TokenRows> tokenRows,
            List<Block> blocks,
            Optional<Block> projection,
            Map<String, NDArray> projectionWeights,
            LayerInputs layerInputs) {
        this.architecture = architecture;
        this.matmul = matmul;
        this.shape = architecture.shape();
        this.script = script;
        this.table = table;
        this.tokenRows = tokenRows;
        this.blocks = List.copyOf(blocks);
        this.projection = projection;
        this.projectionWeights = projectionWeights;
        this.layerInputs = layerInputs;
    }

    /**
     * Loads a decoder.
     *
     * @param manager owner of the weights, and their device
     * @param matmul what computes matrix products
     * @param adaptation what is trained, and how the rest is stored
     * @param seed of new weights
     */
    public static Decoder load(
            NDManager manager,
            MatmulBackend matmul,
            HfConfig config,
            TensorSource source,
            Adaptation adaptation,
            long seed) {
        DecoderArchitecture architecture = Architectures.decoder(config);
        double cap = architecture.factors().attentionCap();
        AttentionKernel attention = AttentionKernel.of(Device.of(manager), matmul, cap);
        return load(manager, matmul, architecture, source, adaptation, seed, attention);
    }

    static Decoder load(
            NDManager manager,
            MatmulBackend matmul,
            DecoderArchitecture architecture,
            TensorSource source,
            Adaptation adaptation,
            long seed,
            AttentionKernel attention) {
        ScriptModule script = ScriptModule.load(
                manager, List.of(matmul.module(), architecture.text()), attributes(architecture, attention));
        Adaptation adapted = adaptation.withBf16(matmul == MatmulBackend.BF16);
        Blocks builder = new Blocks(new Weights(source, architecture, manager, script, adapted, seed));
        WeightSpec table = architecture.table();
        Parameter tableValue = builder.weights().vocabulary(table, BlockKind.EMBEDDINGS, table.name());
        Optional<TokenRows> tokenRows = TokenRows.of(builder.weights(), table, tableValue);
        List<Block> blocks = architecture.blocks(HeadKind.CAUSAL_LM, 0).stream()
                .map(builder::block)
                .toList();
        Optional<Block> projection =
                Projection.of(architecture, HeadKind.CAUSAL_LM, adaptation).map(builder::projection);
        builder.requireAllUsed();
        LayerInputs layerInputs = new LayerInputs(manager, script, architecture);
        return new Decoder(
                architecture,
                matmul,
                script,
                tableValue,
                tokenRows,
                blocks,
                projection,
                ProjectionWeights.of(
                        builder.weights(), architecture, HeadKind.CAUSAL_LM, tableValue, projection, tokenRows),
                layerInputs);
    }

    private static Map<String, Object> attributes(DecoderArchitecture architecture, AttentionKernel attention) {
        DecoderShape shape = architecture.shape();
        DecoderFactors factors = architecture.factors();
        Map<String, Object> attributes = new HashMap<>(Map.ofEntries(
                Map.entry("num_heads", shape.heads()),
                Map.entry("num_key_value_heads", shape.kvHeads()),
                Map.entry("norm_eps", shape.epsilon()),
                Map.entry("norm_offset", factors.normOffset()),
                Map.entry("hidden_act", shape.activation()),
                Map.entry("embedding_multiplier", factors.embedding()),
                Map.entry("residual_multiplier", factors.residual()),
                Map.entry("logits_multiplier", factors.logits()),
                Map.entry("attention_scale", factors.attention()),
                Map.entry("attention_cap", factors.attentionCap()),
                Map.entry("logit_cap", factors.logitCap()),
                Map.entry("embeddings_scale", Dropout.scale(shape.embeddingDropout())),
                Map.entry("probs_scale", Dropout.scale(shape.probsDropout())),
                Map.entry("residual_scale", Dropout.scale(shape.residualDropout())),
                Map.entry("causal", true)));
        attributes.putAll(attention.attributes());
        return attributes;
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
    public Optional<TokenRows> tokenRows() {
        return tokenRows;
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
    public Map<String, NDArray> projectionWeights() {
        return projectionWeights;
    }

    /**
     * What maps hidden states to logits [vocabulary, hidden], as products read it: a weight of its own, or the
     * embedding table.
     */
    public NDArray projectionWeight() {
        return projectionWeights().get(Projection.WEIGHT);
    }

    @Override
    public PackedBatch batch(NDManager owner, List<Sample> samples) {
        return PackedBatch.of(owner, layerInputs, samples, shape, matmul.rows(), false);
    }

    /** As {@link #batch}, but for the hidden states of all tokens. */
    public PackedBatch wholeBatch(NDManager owner, List<Sample> samples) {
        return PackedBatch.of(owner, layerInputs, samples, shape, matmul.rows(), true);
    }

    @Override
    public ScriptModule script() {
        return script;
    }

    /** What computes matrix products. */
    public MatmulBackend matmul() {
        return matmul;
    }

    LayerInputs layerInputs() {
        return layerInputs;
    }

    /**
     * Logits over the vocabulary.
     *
     * @param owner of the result
     * @param hidden what the last block gives [M, hidden]
     * @return [M, vocabulary]
     */
    public NDArray logits(NDManager owner, NDArray hidden) {
        return script.callOne(owner, "next_logits", hidden, projectionWeight());
    }

    @Override
    public double logitCap() {
        return architecture.factors().logitCap();
    }

    @Override
    public double tableScale() {
        return architecture.isTableScaled() ? architecture.factors().embedding() : 1;
    }

    @Override
    public NDArray lookup(NDManager owner, PackedBatch batch) {
        return script.callOne(owner, "lookup", table.value(), batch.ids());
    }

    @Override
    public BlockCall call(NDManager owner, Block block, NDArray x, PackedBatch batch, DropoutMasks masks) {
        return new BlockCall(script, block, x, batch, masks.of(owner, shape, block, batch));
    }

    @Override
    public NDArray forward(NDManager owner, BlockCall call) {
        return call.run(owner, method(call.block()));
    }

    @Override
    public Tape record(NDManager owner, BlockCall call, boolean wanted) {
        return call.block().kind() == BlockKind.LAYER && !architecture.isRecorded()
                ? new LayerTape(owner, call, wanted)
                : new GraphTape(owner, call, method(call.block()), wanted);
    }

    private static String method(Block block) {
        return switch (block.kind()) {
            case EMBEDDINGS -> "embeddings";
            case LAYER -> "layer";
            case HEAD -> "head";
            case PROJECTION, SHARED -> throw new IllegalArgumentException("a block that is computed by others");
        };
    }
}
