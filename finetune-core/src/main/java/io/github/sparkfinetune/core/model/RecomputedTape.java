package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
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
            return recorded(making, needsInputGrad).backward(owner, gradient, gradients, add);
        }
    }

    @Override
    public MeasuredBlock measure(NDManager owner, NDArray gradient, List<NDArray> gradients, NDArray squares) {
        try (NDManager making = owner.newSubManager()) {
            MeasuredBlock measured = measured(making, gradient, gradients, squares, needsInputGrad);
            measured.inputGradient().ifPresent(ofInput -> ofInput.attach(owner));
            return new Measured(gradient, gradients, squares.getShape(), measured.inputGradient());
        }
    }

    /** Computes the block once more and measures it; the gradient stays open. */
    private MeasuredBlock measured(
            NDManager owner, NDArray gradient, List<NDArray> gradients, NDArray squares, boolean needsGradient) {
        NDArray above = gradient.duplicate();
        above.attach(owner);
        return recorded(owner, needsGradient).measure(owner, above, gradients, squares);
    }

    private Tape recorded(NDManager owner, boolean needsGradient) {
        return model.record(owner, call.with(call.masks().make(owner)), needsGradient);
    }

    /** The block is computed and differentiated once more for the sum, and for products. */
    private final class Measured implements MeasuredBlock {
        private final NDArray gradient;
        private final List<NDArray> gradients;
        private final Shape samples;
        private final Optional<NDArray> inputGradient;
        /** Measured once more by {@link #attach}; null before. */
        private MeasuredBlock kept;

        /**
         * @param gradient gradient of the loss with respect to the output
         * @param gradients any gradients of the block's parameters; not read
         * @param samples shape of a value for each sample
         */
        Measured(NDArray gradient, List<NDArray> gradients, Shape samples, Optional<NDArray> inputGradient) {
            this.gradient = gradient;
            this.gradients = gradients;
            this.samples = samples;
            this.inputGradient = inputGradient;
        }

        @Override
        public Optional<NDArray> inputGradient() {
            return inputGradient;
        }

        @Override
        public long attach(NDManager owner) {
            try (NDManager making = owner.newSubManager()) {
                kept = measured(making);
                return kept.attach(owner);
            }
        }

        private MeasuredBlock measured(NDManager owner) {
            NDArray squares = owner.zeros(samples, DataType.FLOAT64);
            return RecomputedTape.this.measured(owner, gradient, gradients, squares, false);
        }

        @Override
        public void addProducts(NDManager owner, NDArray products, MeasuredBlock others) {
            try (NDManager making = owner.newSubManager()) {
                measured(making).addProducts(making, products, ((Measured) others).kept);
            }
        }

        @Override
        public void addScaled(NDManager owner, NDArray factors, NDArray ofRows, List<NDArray> gradients) {
            try (NDManager making = owner.newSubManager()) {
                call.script().call(making, "scale_rows", gradient, ofRows);
                recorded(making, false).backward(making, gradient, gradients, true);
                gradient.close();
            }
        }
    }
}
