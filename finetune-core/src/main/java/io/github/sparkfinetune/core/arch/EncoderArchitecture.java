package io.github.sparkfinetune.core.arch;

import io.github.sparkfinetune.core.arch.LayerBytes.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A BERT-like encoder. Most of them compute the same post-norm layer: attention over all tokens, then a feed-forward
 * part, each added to its input and normed. That is what the defaults describe.
 */
public interface EncoderArchitecture extends Architecture {
    @Override
    EncoderShape shape();

    /** What Hugging Face's class names begin with. */
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
    default String text() {
        return "core.arch.bert.bert";
    }

    /** Values of the attributes that its text annotates besides those that follow from {@link #shape} and head. */
    default Map<String, Object> attributes() {
        return Map.of();
    }

    /** Returns whether attention takes texts of like length in one call, padded; else each text as it is. */
    default boolean padsAttention() {
        return true;
    }

    /** Returns the tokens to either side that a layer with a window sees; 0 where every layer sees all. */
    default int window() {
        return 0;
    }

    /** The linears of a layer, by their names in the text, that take the table of relative positions too. */
    default Set<String> relativeLinears() {
        return Set.of();
    }

    /**
     * A head.
     *
     * @param classes what it tells apart; unused by the heads for which it is given
     * @throws IllegalArgumentException where the family has none of this kind
     */
    default HeadSpec head(HeadKind kind, int classes) {
        return switch (kind) {
            case SEQUENCE_CLASSIFICATION -> sequenceHead(classes);
            case TOKEN_CLASSIFICATION -> tokenHead("classifier", classes, tokenDropout());
            case QUESTION_ANSWERING -> tokenHead("qa_outputs", 2, answerDropout());
            case MASKED_LM -> maskedLmHead().head(shape());
            case NONE -> new HeadSpec(Map.of(), "", 0, 0);
            case CAUSAL_LM -> throw new IllegalArgumentException(modelType() + " has no head for " + kind);
        };
    }

    /** The head over a text's first token. */
    HeadSpec sequenceHead(int classes);

    /**
     * The head that tells the token at each masked place.
     *
     * @throws io.github.sparkfinetune.conf.RunException where the engine does not compute the family's
     */
    MaskedLmHead maskedLmHead();

    @Override
    default Map<String, WeightSpec> projection(HeadKind head) {
        return head == HeadKind.MASKED_LM ? maskedLmHead().projection(shape()) : Map.of();
    }

    /** Rate before the head that tells each token's class. */
    double tokenDropout();

    /** Rate before the head that tells where an answer begins and ends. */
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
        if (head != HeadKind.NONE) {
            blocks.add(BlockSpec.of(BlockKind.HEAD, head(head, classes).weights()));
        }
        return List.copyOf(blocks);
    }

    @Override
    default LayerBytes layerBytes(LayerUse use, BatchShape batch) {
        EncoderShape shape = shape();
        long hidden = shape.hidden();
        long wide = shape.intermediate();
        long probabilities = shape.heads() * batch.length();
        long dropped = use.widestDroppedInput();
        // y, the two sums; q, k, v, attended; the feed-forward part before its activation; means and deviations
        Tensors kept = Tensors.of(
                3, hidden, 4, use.narrowed(hidden), 1, use.narrowed(wide), 1, use.narrowed(probabilities), 4, 1);
        // The gradients of the output and of the second sum, also dropped; the activation and the gradient of it.
        Tensors feedForward = Tensors.of(3, hidden, 2, wide, 2, dropped);
        // Those of the layer, of both sums, dropped, of attended by heads; of q, k and v, by heads and as rows.
        Tensors attention = Tensors.of(11, hidden, 2, dropped);
        Tensors forward = Tensors.of(2, hidden, 1, wide, 1, use.widestAdapted(), 2, dropped);
        long masks = use.droppedInputs()
                + (shape.dropout().probs() > 0 ? probabilities : 0)
                + (shape.dropout().attentionOutput() > 0 ? hidden : 0)
                + (shape.dropout().hidden() > 0 ? hidden : 0);
        return LayerBytes.of(batch, kept, List.of(feedForward, attention), forward, masks);
    }
}
