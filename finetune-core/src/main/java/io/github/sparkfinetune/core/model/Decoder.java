package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.EmbeddingConfig.Pooling;
import io.github.sparkfinetune.core.arch.DecoderArchitecture;
import io.github.sparkfinetune.core.arch.DecoderFactors;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.TextPooling;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.batch.DecoderBatch;
import io.github.sparkfinetune.core.model.batch.LayerInputs;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.model.weight.LmHead;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A Llama- or GPT-like model: weights in Java, computation in the script of its family, called one block at a time.
 * Samples lie side by side without padding, see {@link Batch}. The last block of a language model returns the hidden
 * states [M, hidden] of the tokens before a label, which the loss maps to logits; the last block of a classifier
 * returns logits.
 */
public final class Decoder extends Model {
    static final TextToken NO_TEXT_TOKEN = new TextToken(-1, Pooling.MEAN);

    private final DecoderArchitecture architecture;
    private final LayerInputs layerInputs;
    private final TextToken textToken;

    /**
     * Choice of the token that stands for a text.
     *
     * @param padTokenId id of the padding, which a classified text may also end with, or -1
     * @param pooling pooling of an embedding
     */
    record TextToken(int padTokenId, Pooling pooling) {
        static TextToken of(HfConfig config) {
            return new TextToken(
                    config.padTokenId().orElse(NO_TEXT_TOKEN.padTokenId()),
                    TextPooling.of(config).orElse(NO_TEXT_TOKEN.pooling()));
        }
    }

    private Decoder(
            ModelParts parts,
            DecoderArchitecture architecture,
            HeadSpec head,
            LayerInputs layerInputs,
            TextToken textToken) {
        super(parts, head);
        this.architecture = architecture;
        this.layerInputs = layerInputs;
        this.textToken = textToken;
    }

    /**
     * Loads a language model.
     *
     * @param manager owner of the weights; decides the device
     * @param matmul backend of matrix products
     * @param adaptation trained weights, and the storage of frozen weights
     * @param seed seed of new weights
     */
    public static Decoder load(
            NDManager manager,
            MatmulBackend matmul,
            HfConfig config,
            TensorSource source,
            Adaptation adaptation,
            long seed) {
        return load(manager, matmul, config, source, HeadKind.CAUSAL_LM, 0, adaptation, seed);
    }

    /**
     * Loads a decoder.
     *
     * @param manager owner of the weights; decides the device
     * @param matmul backend of matrix products
     * @param source weights; a missing head or a head of another size is initialised randomly
     * @param classes number of classes of the head; ignored by a language model
     * @param adaptation trained weights, and the storage of frozen weights
     * @param seed seed of new weights
     */
    public static Decoder load(
            NDManager manager,
            MatmulBackend matmul,
            HfConfig config,
            TensorSource source,
            HeadKind head,
            int classes,
            Adaptation adaptation,
            long seed) {
        DecoderArchitecture architecture = Architectures.decoder(config);
        double cap = architecture.factors().attentionCap();
        AttentionKernel attention = AttentionKernel.of(
                Device.of(manager), matmul, cap, architecture.shape().headWidth());
        TextToken token = TextToken.of(config);
        return load(manager, matmul, architecture, source, head, classes, adaptation, seed, attention, token);
    }

    static Decoder load(
            NDManager manager,
            MatmulBackend matmul,
            DecoderArchitecture architecture,
            TensorSource source,
            HeadKind headKind,
            int classes,
            Adaptation adaptation,
            long seed,
            AttentionKernel attention,
            TextToken textToken) {
        HeadSpec head = architecture.head(headKind, classes);
        Map<String, Object> attributes = attributes(architecture, head, attention);
        ModelParts parts =
                ModelParts.load(manager, matmul, architecture, attributes, headKind, classes, source, adaptation, seed);
        LayerInputs inputs = new LayerInputs(manager, parts.script(), architecture);
        return new Decoder(parts, architecture, head, inputs, textToken);
    }

    private static Map<String, Object> attributes(
            DecoderArchitecture architecture, HeadSpec head, AttentionKernel attention) {
        ModelShape shape = architecture.shape();
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
                Map.entry("embeddings_scale", Dropout.scale(shape.dropout().embedding())),
                Map.entry("probs_scale", Dropout.scale(shape.dropout().probs())),
                Map.entry("residual_scale", Dropout.scale(shape.dropout().hidden())),
                Map.entry("head_scale", Dropout.scale(head.dropout())),
                Map.entry("causal", true)));
        attributes.putAll(attention.attributes());
        return attributes;
    }

    /**
     * Returns the weight that maps hidden states to logits, [vocabulary, hidden], in the type that products read. It is
     * the lm_head or the embedding table.
     */
    public NDArray lmHeadWeight() {
        return lmHeadWeights().get(LmHead.WEIGHT);
    }

    @Override
    public Batch batch(NDManager owner, List<Sample> samples) {
        DecoderBatch batch = new DecoderBatch(owner, layerInputs);
        return switch (headKind()) {
            case SEQUENCE_CLASSIFICATION ->
                batch.ofLastTokens(samples, shape(), matmul().rows(), textToken.padTokenId());
            case TOKEN_CLASSIFICATION -> batch.of(samples, shape(), matmul().rows(), true);
            case EMBEDDING -> batch.ofPooled(samples, shape(), matmul().rows(), textToken.pooling());
            default -> batch.of(samples, shape(), matmul().rows(), false);
        };
    }

    /** Returns a batch like {@link #batch} that yields the hidden states of all tokens. */
    public Batch wholeBatch(NDManager owner, List<Sample> samples) {
        return new DecoderBatch(owner, layerInputs).of(samples, shape(), matmul().rows(), true);
    }

    LayerInputs layerInputs() {
        return layerInputs;
    }

    /**
     * Computes logits over the vocabulary.
     *
     * @param owner owner of the result
     * @param hidden output of the last block, [M, hidden]
     * @return [M, vocabulary]
     */
    public NDArray logits(NDManager owner, NDArray hidden) {
        return script().callOne(owner, "next_logits", hidden, lmHeadWeight());
    }

    @Override
    public double logitCap() {
        return architecture.factors().logitCap();
    }

    @Override
    public double tableScale() {
        return architecture.isTableScaled() ? architecture.factors().embedding() : 1;
    }
}
