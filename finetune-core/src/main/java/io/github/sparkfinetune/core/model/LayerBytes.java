package io.github.sparkfinetune.core.model;

/**
 * Bytes that one layer takes for a micro-batch, counted in the values a token of the tensors that its script names.
 * Tensors that are there only while others of their size are not yet, or no more, count once.
 *
 * @param kept from forward to backward, its output included
 * @param backward besides, at most at once
 * @param forward besides, at most at once
 * @param masks of dropout, a byte an element
 */
record LayerBytes(long kept, long backward, long forward, long masks) {

    /** {@code llama.py}. */
    static LayerBytes llama(DecoderShape shape, boolean headNorms, LayerUse use, Activations.MicroBatch batch) {
        long hidden = shape.hidden();
        long query = shape.queryWidth();
        long keys = shape.keyWidth();
        long wide = shape.intermediate();
        // y, h; q, o; k, v; gate, up; log-sum-exp; the inverse norms
        long kept = 2 * hidden + 2 * query + 2 * keys + 2 * wide + shape.heads() + 2;
        if (headNorms) {
            kept += query + keys;
        }
        long copies = 2 * use.widestDroppedInput();
        // The gradient from above, then of the product its gradient, the gate's and one on the way; or behind them
        // the normed h, the gradient of it by the gate and by the other half.
        long feedForward = hidden + Math.max(use.reads("down_proj") ? 3 * wide : 2 * wide, 3 * wide);
        long behind = hidden + 2 * wide + 3 * hidden;
        // The gradients from above of the layer, of h and of o; k and v for every head of q; the gradients of all
        // three, and once more when documents are put together.
        long attention = 2 * hidden + query + 2 * query + 3 * query + query + 2 * keys;
        long forward = Math.max(hidden + wide + use.widestAdapted(), hidden + 2 * query);
        return of(
                batch,
                kept,
                Math.max(Math.max(feedForward, behind), attention) + copies,
                forward + copies,
                use.droppedInputs());
    }

    /** {@code gpt2.py}, recorded by PyTorch. */
    static LayerBytes gpt2(DecoderShape shape, LayerUse use, Activations.MicroBatch batch) {
        long hidden = shape.hidden();
        long wide = shape.intermediate();
        // y, h; q, k, v; what attention gives; the feed-forward part before its activation
        long kept = 2 * hidden + 3 * hidden + hidden + wide + 6;
        kept += use.reads("attn.c_attn") ? hidden : 0;
        kept += use.reads("attn.c_proj") ? hidden : 0;
        kept += use.reads("mlp.c_fc") ? hidden : 0;
        kept += use.reads("mlp.c_proj") ? wide : 0;
        long masks = use.droppedInputs();
        if (shape.residualDropout() > 0) {
            masks += 2 * hidden;
        }
        long probabilities = shape.heads() * batch.length();
        long backward = hidden + 3 * wide;
        if (shape.probsDropout() > 0) {
            // The probabilities, and dropped ones; the scaled q and the scaled v.
            kept += 2 * probabilities + 2 * hidden;
            backward = Math.max(backward, 4 * hidden + 3 * probabilities);
            masks += probabilities;
        } else {
            kept += shape.heads();
        }
        backward = Math.max(backward, 9 * hidden);
        return of(batch, kept, backward, 3 * hidden + wide + use.widestAdapted(), masks);
    }

    /** {@code encoder_layer.py}. */
    static LayerBytes encoder(EncoderShape shape, LayerUse use, Activations.MicroBatch batch) {
        long hidden = shape.hidden();
        long wide = shape.intermediate();
        long probabilities = shape.heads() * batch.length();
        // y; q, k, v; attended; the two sums; the feed-forward part before its activation; means and deviations
        long kept = 7 * hidden + wide + probabilities + 4;
        long copies = 2 * use.widestDroppedInput();
        long masks = use.droppedInputs();
        masks += shape.probsDropout() > 0 ? probabilities : 0;
        masks += shape.attentionOutputDropout() > 0 ? hidden : 0;
        masks += shape.hiddenDropout() > 0 ? hidden : 0;
        // The gradients of the output and of the second sum, also dropped; the activation and the gradient of it.
        long feedForward = 3 * hidden + 2 * wide;
        // Those of the layer, of both sums, dropped, of attended by heads; of q, k and v, by heads and as rows.
        long attention = 5 * hidden + 6 * hidden;
        return of(
                batch,
                kept,
                Math.max(feedForward, attention) + copies,
                Math.max(2 * hidden + wide + use.widestAdapted(), 2 * hidden) + copies,
                masks);
    }

    private static LayerBytes of(Activations.MicroBatch batch, long kept, long backward, long forward, long masks) {
        long bytes = batch.tokens() * Float.BYTES;
        return new LayerBytes(kept * bytes, backward * bytes, forward * bytes, masks * batch.tokens());
    }
}
