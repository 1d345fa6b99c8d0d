package io.github.sparkfinetune.core.model;

import io.github.sparkfinetune.core.model.Activations.MicroBatch;
import io.github.sparkfinetune.core.tensor.Allocator;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Bytes that one layer takes for a micro-batch, counted in the tensors that its script names.
 *
 * @param kept from forward to backward, its output included
 * @param backward besides, the most at once
 * @param forward besides, the most at once
 * @param masks of dropout, a byte an element
 * @param small bytes of {@code kept} and {@code backward} in tensors that lie in the allocator's heap
 */
record LayerBytes(long kept, long backward, long forward, long masks, long small) {

    /** Tensors that are there at once: how many there are of each width, in values a token. */
    private record Tensors(Map<Long, Long> counts) {
        /** @param countAndWidth count, width, count, width, … */
        static Tensors of(long... countAndWidth) {
            Map<Long, Long> counts = new LinkedHashMap<>();
            for (int i = 0; i < countAndWidth.length; i += 2) {
                counts.merge(countAndWidth[i + 1], countAndWidth[i], Long::sum);
            }
            return new Tensors(Collections.unmodifiableMap(counts));
        }

        Tensors and(long count, long width) {
            Map<Long, Long> more = new LinkedHashMap<>(counts);
            more.merge(width, count, Long::sum);
            return new Tensors(Collections.unmodifiableMap(more));
        }

        long bytes(MicroBatch batch) {
            return bytes(batch, Long.MAX_VALUE);
        }

        /** Bytes in tensors of less than {@code limit} bytes. */
        long bytes(MicroBatch batch, long limit) {
            long sum = 0;
            for (Map.Entry<Long, Long> tensors : counts.entrySet()) {
                long one = batch.tokens() * tensors.getKey() * Float.BYTES;
                sum += one < limit ? one * tensors.getValue() : 0;
            }
            return sum;
        }
    }

    /** {@code llama.py}. */
    static LayerBytes llama(DecoderShape shape, boolean headNorms, LayerUse use, MicroBatch batch) {
        long hidden = shape.hidden();
        long query = shape.queryWidth();
        long keys = shape.keyWidth();
        long wide = shape.intermediate();
        long dropped = use.widestDroppedInput();
        // y, h; q, o; k, v; gate, up; log-sum-exp; the inverse norms
        Tensors kept = Tensors.of(2, hidden, 2, query, 2, keys, 2, wide, 1, shape.heads(), 2, 1);
        if (headNorms) {
            kept = kept.and(1, query).and(1, keys);
        }
        // The gradient from above; of the product its own, the gate's and one on the way.
        Tensors feedForward = Tensors.of(1, hidden, 3, wide, 2, dropped);
        // Behind it the gate's and its sister's; the normed h and two gradients of it.
        Tensors between = Tensors.of(4, hidden, 2, wide, 2, dropped);
        // The gradients of the layer, of h and of o; keys and values for every head of the queries; the gradients of
        // all three, and the documents' once more when they are put together.
        Tensors attention = Tensors.of(2, hidden, 7, query, 2, keys, 2, dropped);
        Tensors forward = Tensors.of(1, hidden, 1, wide, 1, use.widestAdapted(), 2, dropped);
        return of(batch, kept, List.of(feedForward, between, attention), forward, use.droppedInputs());
    }

    /** {@code gpt2.py}, recorded by PyTorch. */
    static LayerBytes gpt2(DecoderShape shape, LayerUse use, MicroBatch batch) {
        long hidden = shape.hidden();
        long wide = shape.intermediate();
        long probabilities = shape.heads() * batch.length();
        boolean drops = shape.probsDropout() > 0;
        // y, h; q, k, v; what attention gives; the feed-forward part before its activation
        Tensors kept = Tensors.of(6, hidden, 1, wide);
        for (String linear : List.of("attn.c_attn", "attn.c_proj", "mlp.c_fc")) {
            kept = use.reads(linear) ? kept.and(1, hidden) : kept;
        }
        kept = use.reads("mlp.c_proj") ? kept.and(1, wide) : kept;
        // The probabilities, as they are and dropped; the scaled q and the scaled v.
        kept = drops ? kept.and(2, probabilities).and(2, hidden) : kept.and(1, shape.heads());
        Tensors feedForward = Tensors.of(1, hidden, 3, wide);
        Tensors attention = drops ? Tensors.of(4, hidden, 3, probabilities) : Tensors.of(9, hidden);
        Tensors forward = Tensors.of(3, hidden, 1, wide, 1, use.widestAdapted());
        long masks = use.droppedInputs() + (shape.residualDropout() > 0 ? 2 * hidden : 0) + (drops ? probabilities : 0);
        return of(batch, kept, List.of(feedForward, attention), forward, masks);
    }

    /** {@code encoder_layer.py}. */
    static LayerBytes encoder(EncoderShape shape, LayerUse use, MicroBatch batch) {
        long hidden = shape.hidden();
        long wide = shape.intermediate();
        long probabilities = shape.heads() * batch.length();
        long dropped = use.widestDroppedInput();
        // y; q, k, v; attended; the two sums; the feed-forward part before its activation; means and deviations
        Tensors kept = Tensors.of(7, hidden, 1, wide, 1, probabilities, 4, 1);
        // The gradients of the output and of the second sum, also dropped; the activation and the gradient of it.
        Tensors feedForward = Tensors.of(3, hidden, 2, wide, 2, dropped);
        // Those of the layer, of both sums, dropped, of attended by heads; of q, k and v, by heads and as rows.
        Tensors attention = Tensors.of(11, hidden, 2, dropped);
        Tensors forward = Tensors.of(2, hidden, 1, wide, 1, use.widestAdapted(), 2, dropped);
        long masks = use.droppedInputs()
                + (shape.probsDropout() > 0 ? probabilities : 0)
                + (shape.attentionOutputDropout() > 0 ? hidden : 0)
                + (shape.hiddenDropout() > 0 ? hidden : 0);
        return of(batch, kept, List.of(feedForward, attention), forward, masks);
    }

    private static LayerBytes of(MicroBatch batch, Tensors kept, List<Tensors> backward, Tensors forward, long masks) {
        long limit = Allocator.MMAP_THRESHOLD;
        return new LayerBytes(
                kept.bytes(batch),
                backward.stream().mapToLong(at -> at.bytes(batch)).max().orElseThrow(),
                forward.bytes(batch),
                masks * batch.tokens(),
                kept.bytes(batch, limit)
                        + backward.stream()
                                .mapToLong(at -> at.bytes(batch, limit))
                                .max()
                                .orElseThrow());
    }
}
