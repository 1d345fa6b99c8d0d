package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Optional;

/** Activation checkpointing: the tape keeps only the block's input, and computes the block again for the gradient. */
public final class RecomputedTape implements Tape {
    private final Model model;
    private final BlockCall call;
    private final boolean needsInputGrad;
    private final NDArray output;

    /** Computes a block. The parameters are those of {@link Model#record}. */
    public RecomputedTape(Model model, NDManager owner, BlockCall call, boolean needsInputGrad) {
        this.model = model;
        this.call = call;
        this.needsInputGrad = needsInputGrad;
        this.output = model.forward(owner, call);
    }

    @Override
    public NDArray output() {
        return output;
    }

    @Override
    public Optional<NDArray> backward(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add) {
        output.close();
        try (NDManager making = owner.newSubManager()) {
            BlockCall again = call.with(call.masks().make(making));
            return model.record(owner, again, needsInputGrad).backward(owner, gradient, gradients, add);
        }
    }

    @Override
    public Optional<NDArray> measure(NDManager owner, NDArray gradient, List<NDArray> gradients, NDArray squares) {
        try (NDManager making = owner.newSubManager()) {
            BlockCall again = call.with(call.masks().make(making));
            return model.record(making, again, needsInputGrad).measure(owner, gradient, gradients, squares);
        }
    }
}
