package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.EmbeddingConfig.Pooling;
import io.github.sparkfinetune.core.arch.EncoderArchitecture;
import io.github.sparkfinetune.core.arch.HeadKind;
import io.github.sparkfinetune.core.arch.HeadSpec;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.TextPooling;
import io.github.sparkfinetune.core.arch.registry.Architectures;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.batch.EncoderBatch;
import io.github.sparkfinetune.core.model.batch.Rotations;
import io.github.sparkfinetune.core.model.weight.Adaptation;
import io.github.sparkfinetune.core.safetensors.TensorSource;
import io.github.sparkfinetune.core.tensor.Device;
import io.github.sparkfinetune.data.dataset.Sample;
import io.github.sparkfinetune.data.hf.HfConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A BERT-like encoder with a head: weights in Java, computation in the script of its family, called one block at a
 * time. The input of the first block is the embedding rows of the batch's ids ({@link #lookup}). Therefore only these
 * rows have gradients. The exception is the tied decoder of a masked language model: its head reads the whole table,
 * and computes only the tokens with a label.
 */
public final class Encoder extends Model {
    private final EncoderArchitecture architecture;
    private final Rotations rotations;
    private final Pooling pooling;
    private final int padded;
    private final boolean isFlash;

    private Encoder(
            ModelParts parts,
            EncoderArchitecture architecture,
            Rotations rotations,
            HeadSpec head,
            Pooling pooling,
            int padded,
            boolean isFlash) {
        super(parts, head);
        this.architecture = architecture;
        this.rotations = rotations;
        this.pooling = pooling;
        this.padded = padded;
        this.isFlash = isFlash;
    }

    /**
     * Loads an encoder.
     *
     * @param manager owner of the weights; decides the device
     * @param matmul backend of matrix products
     * @param source weights; a missing head or a head of another size is initialised randomly
     * @param classes number of classes of the head
     * @param adaptation trained weights, and the storage of frozen weights
     * @param seed seed of new weights
     */
    public static Encoder load(
            NDManager manager,
            MatmulBackend matmul,
            HfConfig config,
            TensorSource source,
            HeadKind headKind,
            int classes,
            Adaptation adaptation,
            long seed) {
        EncoderArchitecture architecture = Architectures.encoder(config);
        HeadSpec head = architecture.head(headKind, classes);
        ModelShape shape = architecture.shape();
        AttentionKernel attention = AttentionKernel.of(Device.of(manager), matmul, 0, shape.headWidth());
        Map<String, Object> attributes = attributes(architecture, head, attention);
        ModelParts parts =
                ModelParts.load(manager, matmul, architecture, attributes, headKind, classes, source, adaptation, seed);
        List<Optional<RotaryPositions>> rotary = IntStream.range(0, shape.layers())
                .mapToObj(architecture::rotary)
                .toList();
        return new Encoder(
                parts,
                architecture,
                new Rotations(manager, parts.script(), rotary),
                head,
                TextPooling.of(config).orElse(Pooling.MEAN),
                0,
                attention == AttentionKernel.FLASH);
    }

    /**
     * Returns this model for batches that pad every sample to a number of tokens. The padding counts as tokens.
     *
     * @param tokens minimum number of tokens of each sample, or 0 for no counted padding
     */
    public Encoder paddedTo(int tokens) {
        return new Encoder(parts(), architecture, rotations, head(), pooling, tokens, isFlash);
    }

    private static Map<String, Object> attributes(
            EncoderArchitecture architecture, HeadSpec head, AttentionKernel attention) {
        ModelShape shape = architecture.shape();
        Map<String, Object> attributes = new HashMap<>(architecture.attributes());
        attributes.put("num_heads", shape.heads());
        attributes.put("num_key_value_heads", shape.kvHeads());
        attributes.put("attention_scale", 1 / Math.sqrt(shape.headWidth()));
        attributes.put("attention_cap", 0.0);
        attributes.put("causal", false);
        attributes.putAll(attention.attributes());
        attributes.put("norm_eps", shape.epsilon());
        attributes.put("hidden_act", shape.activation());
        attributes.put("embeddings_scale", Dropout.scale(shape.dropout().embedding()));
        attributes.put("hidden_scale", Dropout.scale(shape.dropout().hidden()));
        attributes.put("probs_scale", Dropout.scale(shape.dropout().probs()));
        attributes.put("position_padding", shape.tables().firstPosition() == 0 ? -1 : shape.paddingId());
        attributes.put("head_act", head.activation());
        attributes.put("head_input_scale", Dropout.scale(head.inputDropout()));
        attributes.put("head_scale", Dropout.scale(head.dropout()));
        return attributes;
    }

    @Override
    public int rows(Sample sample) {
        return Math.max(padded, sample.length());
    }

    @Override
    public Batch batch(NDManager owner, List<Sample> samples) {
        return EncoderBatch.of(
                owner, architecture, rotations, samples, padded, matmul().rows(), headKind(), pooling, isFlash);
    }

    @Override
    boolean readsFirstTokens() {
        return headKind().classifiesTexts();
    }
}
