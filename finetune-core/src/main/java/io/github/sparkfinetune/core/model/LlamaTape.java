package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.DecoderShape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A layer of {@link LlamaBlocks}, whose backward is written out in {@code llama.py}. */
final class LlamaTape implements Tape {
    private final ScriptModule script;
    private final DecoderShape shape;
    private final Block block;
    private final NDArray input;
    private final boolean wanted;
    private final PackedBatch batch;
    private final Map<String, NDArray> masks;
    private final boolean fused;
    private final NDList kept;

    /**
     * Computes a layer.
     *
     * @param owner of what is kept
     * @param input hidden state [N, hidden]; must stay open until {@link #backward}
     * @param wanted whether the input's gradient is
     * @param masks what is dropped; must stay unchanged until {@link #backward}
     */
    LlamaTape(
            ScriptModule script,
            DecoderShape shape,
            NDManager owner,
            Block block,
            NDArray input,
            boolean wanted,
            PackedBatch batch,
            Map<String, NDArray> masks) {
        this.script = script;
        this.shape = shape;
        this.block = block;
        this.input = input;
        this.wanted = wanted;
        this.batch = batch;
        this.masks = masks;
        this.fused = DecoderBlocks.fused(input);
        this.kept = script.call(
                owner,
                "llama_forward",
                input,
                block.weights(),
                batch.cosines(),
                batch.sines(),
                batch.documents(),
                batch.windows(),
                masks,
                shape.heads(),
                shape.kvHeads(),
                shape.epsilon(),
                fused);
    }

    @Override
    public NDArray output() {
        return kept.get(0);
    }

    @Override
    public Optional<NDArray> backward(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add) {
        NDList result = fused
                ? differentiate(owner, gradient, gradients, add)
                : Torch.recording(() -> differentiate(owner, gradient, gradients, add));
        kept.close();
        return result.stream().findFirst();
    }

    private NDList differentiate(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add) {
        return script.call(
                owner,
                "llama_backward",
                gradient,
                input,
                kept,
                block.weights(),
                block.byName(gradients),
                batch.cosines(),
                batch.sines(),
                batch.documents(),
                batch.windows(),
                masks,
                shape.heads(),
                shape.kvHeads(),
                shape.epsilon(),
                fused,
                add,
                wanted);
    }
}
