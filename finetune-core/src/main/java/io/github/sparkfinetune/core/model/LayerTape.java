package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A layer whose backward is a method of the model's script. */
final class LayerTape implements Tape {
    private final BlockCall call;
    private final boolean needsInputGrad;
    private final Map<String, NDArray> kept;

    /**
     * Computes a layer.
     *
     * @param owner owner of the kept tensors
     * @param call call whose input must stay open until {@link #backward}
     * @param needsInputGrad whether the gradient of the input is computed
     */
    LayerTape(NDManager owner, BlockCall call, boolean needsInputGrad) {
        this.call = call;
        this.needsInputGrad = needsInputGrad;
        this.kept = call.keep(owner);
    }

    @Override
    public NDArray output() {
        return kept.get("y");
    }

    @Override
    public Optional<NDArray> backward(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add) {
        Optional<NDArray> input = call.backward(owner, gradient, kept, gradients, add, needsInputGrad);
        kept.values().forEach(NDArray::close);
        return input;
    }

    @Override
    public MeasuredBlock measure(NDManager owner, NDArray gradient, List<NDArray> gradients, NDArray squares) {
        Map<String, NDArray> found = call.measure(owner, gradient, kept, gradients, squares, needsInputGrad);
        // The block above may still read the output.
        kept.entrySet().stream()
                .filter(tensor -> !tensor.getKey().equals("y"))
                .forEach(tensor -> tensor.getValue().close());
        gradient.close();
        Optional<NDArray> ofInput = Optional.ofNullable(found.remove(BlockCall.INPUT_GRADIENT));
        return new Measured(call, found, ofInput);
    }

    /** @param found what the script's backward kept of the samples' gradients, by name */
    private record Measured(BlockCall call, Map<String, NDArray> found, Optional<NDArray> inputGradient)
            implements MeasuredBlock {
        @Override
        public long attach(NDManager owner) {
            found.values().forEach(tensor -> tensor.attach(owner));
            return found.values().stream().mapToLong(NDArray::size).sum();
        }

        @Override
        public void addProducts(NDManager owner, NDArray products, MeasuredBlock others) {
            Measured other = (Measured) others;
            call.addProducts(owner, products, found, other.call(), other.found());
        }

        @Override
        public void addScaled(NDManager owner, NDArray factors, NDArray ofRows, List<NDArray> gradients) {
            call.addScaled(owner, found, factors, ofRows, gradients);
            found.values().forEach(NDArray::close);
        }
    }
}
