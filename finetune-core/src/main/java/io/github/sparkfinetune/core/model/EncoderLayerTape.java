package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.EncoderShape;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An encoder layer whose backward is written out in {@code encoder_layer.py}. */
final class EncoderLayerTape implements Tape {
    private final ScriptModule script;
    private final EncoderShape shape;
    private final Block block;
    private final NDArray input;
    private final Map<String, NDArray> masks;
    private final boolean wanted;
    private final NDList kept;

    /**
     * Computes a layer.
     *
     * @param owner of what is kept
     * @param input hidden state [B, T, hidden]; must stay open until {@link #backward}
     * @param masks what is dropped, by site; must stay unchanged until {@link #backward}
     * @param wanted whether the input's gradient is
     */
    EncoderLayerTape(
            ScriptModule script,
            EncoderShape shape,
            NDManager owner,
            Block block,
            NDArray input,
            PaddedBatch batch,
            Map<String, NDArray> masks,
            boolean wanted) {
        this.script = script;
        this.shape = shape;
        this.block = block;
        this.input = input;
        this.masks = masks;
        this.wanted = wanted;
        this.kept = script.call(
                owner,
                "layer_forward",
                input,
                block.weights(),
                batch.bias(),
                masks,
                shape.heads(),
                shape.epsilon(),
                shape.activation(),
                Dropout.scale(shape.probsDropout()),
                Dropout.scale(shape.hiddenDropout()));
    }

    @Override
    public NDArray output() {
        return kept.get(0);
    }

    @Override
    public Optional<NDArray> backward(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add) {
        NDList result = script.call(
                owner,
                "layer_backward",
                gradient,
                input,
                kept,
                block.weights(),
                block.byName(gradients),
                masks,
                shape.heads(),
                shape.epsilon(),
                shape.activation(),
                Dropout.scale(shape.probsDropout()),
                Dropout.scale(shape.hiddenDropout()),
                add,
                wanted);
        kept.close();
        return result.stream().findFirst();
    }
}
