package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;

/**
 * Activation checkpointing: a block of which only the input is kept, and that is computed again when its gradient is
 * wanted.
 *
 * @param <B> how the model lays out samples
 */
public final class RecomputedTape<B extends Batch> implements Tape {
    private final Model<B> model;
    private final Block block;
    private final NDArray input;
    private final boolean wanted;
    private final B batch;
    private final DropoutMasks masks;
    private final NDArray output;

    /**
     * Computes a block; the parameters are those of {@link Model#record}.
     *
     * @param masks drop the same when they are asked again in the same step
     */
    public RecomputedTape(
            Model<B> model, NDManager owner, Block block, NDArray x, boolean wanted, B batch, DropoutMasks masks) {
        this.model = model;
        this.block = block;
        this.input = x;
        this.wanted = wanted;
        this.batch = batch;
        this.masks = masks;
        this.output = model.forward(owner, block, x, batch, masks);
    }

    @Override
    public NDArray output() {
        return output;
    }

    @Override
    public Optional<NDArray> backward(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add) {
        output.close();
        return model.record(owner, block, input, wanted, batch, masks).backward(owner, gradient, gradients, add);
    }
}
