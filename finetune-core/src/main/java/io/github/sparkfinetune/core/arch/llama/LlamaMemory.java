package io.github.sparkfinetune.core.arch.llama;

import io.github.sparkfinetune.core.arch.BatchShape;
import io.github.sparkfinetune.core.arch.DecoderFactors;
import io.github.sparkfinetune.core.arch.LayerBytes;
import io.github.sparkfinetune.core.arch.LayerBytes.Tensors;
import io.github.sparkfinetune.core.arch.LayerUse;
import io.github.sparkfinetune.core.arch.ModelShape;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms;
import io.github.sparkfinetune.core.arch.llama.LlamaParts.Norms.QueryKey;
import java.util.List;

/**
 * Memory of Llama's layer: tensors kept from forward to backward, and further tensors at the peak of each.
 *
 * @param shape sizes of the model
 * @param parts parts in which the families differ
 * @param factors factors and bounds of the states
 */
record LlamaMemory(ModelShape shape, LlamaParts parts, DecoderFactors factors) {

    /** Returns the bytes of a layer for a micro-batch. */
    LayerBytes layerBytes(LayerUse use, BatchShape batch) {
        long hidden = shape.hidden();
        long query = shape.queryWidth();
        long keys = shape.keyWidth();
        long wide = shape.intermediate();
        long dropped = use.widestDroppedInput();
        Norms norms = parts.norms();
        // y, h; q, o; k, v; gate, up
        Tensors kept = Tensors.of(2, hidden, 2, use.narrowed(query), 2, use.narrowed(keys), 2, use.narrowed(wide));
        if (factors.attentionCap() == 0 && !use.bf16()) {
            // The fused kernel's log-sum-exp.
            kept = kept.and(1, shape.heads());
        }
        if (norms.before()) {
            // The inverse norms of both norms.
            kept = kept.and(2, 1);
        }
        if (norms.after()) {
            // The inverse norms of both norms, and the norms' inputs.
            kept = kept.and(2, 1).and(2, hidden);
        }
        if (norms.queryKey() != QueryKey.NONE) {
            kept = kept.and(1, use.narrowed(query)).and(1, use.narrowed(keys));
        }
        // The gradient of a half's output, if it differs from the sum's gradient.
        long added = norms.after() || factors.residual() != 1 ? 1 : 0;
        // The joined gradients of a fused linear's parts.
        long fused = parts.fused() ? 1 : 0;
        // The output's gradient; the gradients of the product and of the gate, and a temporary one.
        Tensors feedForward = Tensors.of(1 + added, hidden, 3, wide, 2, dropped);
        // After that, the gradients of gate and up; the normed h and two gradients of it.
        Tensors between = Tensors.of(4 + added, hidden, 2, wide, 2, dropped);
        // The gradients of the layer, of h and of o; keys and values repeated for every query head; the gradients of
        // queries, keys and values, and each document's again while they are joined.
        Tensors attention = Tensors.of(2 + added, hidden, 7 + fused, query, 2 + 2 * fused, keys, 2, dropped);
        Tensors forward = Tensors.of(1 + added, hidden, 1, wide, 1, use.widestAdapted(), 2, dropped);
        return LayerBytes.of(batch, kept, List.of(feedForward, between, attention), forward, use.droppedInputs());
    }
}
