package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.core.arch.LayerBytes.Tensors;
import io.github.sparkfinetune.core.arch.rope.RotaryPositions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A BERT-like encoder. Most encoders compute the same post-norm layer: attention over all tokens, then a feed-forward
 * part, each added to its input and normed. The defaults describe this layer.
 */
public interface EncoderArchitecture extends Architecture {
    /** Returns the prefix of Hugging Face's class names. */
    String classPrefix();

    @Override
    default String className(HeadKind head) {
        return classPrefix() + head.suffix();
    }

    @Override
    default WeightSpec table() {
        return new WeightSpec(
                prefix() + "embeddings.word_embeddings.weight",
                WeightSpec.Kind.EMBEDDING,
                shape().vocabulary(),
                shape().embedding());
    }

    @Override
    default String script() {
        return "core.arch.bert.bert";
    }

    /**
     * Returns the values of attributes that the script annotates, except those that follow from {@link #shape} and
     * head.
     */
    default Map<String, Object> attributes() {
        return Map.of();
    }

    @Override
    default boolean measuresSamples() {
        return !isRecorded() && shared().isEmpty();
    }

    /**
     * Returns whether attention computes texts of similar length in one padded call, instead of each text by itself.
     */
    default boolean padsAttention() {
        return true;
    }

    /**
     * Returns the number of tokens on either side that a layer with a window attends to; 0 if all layers attend to all
     * tokens.
     */
    default int window() {
        return 0;
    }

    /** Returns the rotary positions of a layer's queries and keys; empty without rotation. */
    default Optional<RotaryPositions> rotary(int layer) {
        return Optional.empty();
    }

    @Override
    default HeadSpec head(HeadKind kind, int classes) {
        return switch (kind) {
            case SEQUENCE_CLASSIFICATION -> sequenceHead(classes);
            case TOKEN_CLASSIFICATION -> tokenHead("classifier", classes, tokenDropout());
            case QUESTION_ANSWERING -> tokenHead("qa_outputs", 2, answerDropout());
            case MASKED_LM -> maskedLmHead().head(shape());
            case EMBEDDING -> new HeadSpec(Map.of(), "", 0, 0);
            case CAUSAL_LM -> throw new IllegalArgumentException(modelType() + " has no head for " + kind);
        };
    }

    /** Returns the head over a text's first token. */
    HeadSpec sequenceHead(int classes);

    /**
     * Returns the head that predicts the token at each masked position.
     *
     * @throws io.github.sparkfinetune.conf.error.RunException if the engine does not compute the family's head
     */
    MaskedLmHead maskedLmHead();

    @Override
    default Map<String, WeightSpec> lmHead(HeadKind head) {
        return head == HeadKind.MASKED_LM ? maskedLmHead().lmHead(shape()) : Map.of();
    }

    /** Returns the rate of dropout before the head that classifies each token. */
    double tokenDropout();

    /** Returns the rate of dropout before the head that predicts where an answer begins and ends. */
    default double answerDropout() {
        return 0;
    }

    private HeadSpec tokenHead(String name, int classes, double dropout) {
        return new HeadSpec(
                new WeightSpecs()
                        .linear("classifier", name, classes, shape().hidden())
                        .map(),
                "",
                0,
                dropout);
    }

    @Override
    default List<BlockSpec> blocks(HeadKind head, int classes) {
        List<BlockSpec> blocks = new ArrayList<>();
        blocks.add(BlockSpec.of(BlockKind.EMBEDDINGS, embeddings()));
        for (int i = 0; i < shape().layers(); i++) {
            blocks.add(layer(i));
        }
        blocks.add(BlockSpec.of(BlockKind.HEAD, head(head, classes).weights()));
        return List.copyOf(blocks);
    }

    @Override
    default LayerBytes layerBytes(LayerUse use, BatchShape batch) {
        ModelShape shape = shape();
        long hidden = shape.hidden();
        long wide = shape.intermediate();
        long probabilities = shape.heads() * batch.length();
        long dropped = use.widestDroppedInput();
        // y, the two sums; q, k, v, attended; the feed-forward part before its activation; means and deviations
        Tensors kept = Tensors.of(3, hidden, 4, use.narrowed(hidden), 1, use.narrowed(wide), 4, 1);
        if (!use.bf16()) {
            kept = kept.and(1, probabilities);
        }
        // Gradients of the output and of the second sum, also after dropout; the activation and its gradient.
        Tensors feedForward = Tensors.of(3, hidden, 2, wide, 2, dropped);
        // Gradients of the layer; of both sums, after dropout; of attended by heads; of q, k and v, by heads and as
        // rows.
        Tensors attention = Tensors.of(11, hidden, 2, dropped);
        Tensors forward = Tensors.of(2, hidden, 1, wide, 1, use.widestAdapted(), 2, dropped);
        long masks = use.droppedInputs()
                + (shape.dropout().probs() > 0 ? probabilities : 0)
                + (shape.dropout().attentionOutput() > 0 ? hidden : 0)
                + (shape.dropout().hidden() > 0 ? hidden : 0);
        return LayerBytes.of(batch, kept, List.of(feedForward, attention), forward, masks);
    }
}
