package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** A block whose forward was recorded by PyTorch: its graph starts at a leaf of its own and holds this block alone. */
final class GraphTape implements Tape {
    private final ScriptModule script;
    private final Block block;
    private final List<NDArray> leaf;
    private final NDArray output;

    /**
     * A recorded block.
     *
     * @param leaf the input, where its gradient is wanted, else empty
     */
    GraphTape(ScriptModule script, Block block, List<NDArray> leaf, NDArray output) {
        this.script = script;
        this.block = block;
        this.leaf = leaf;
        this.output = output;
    }

    /**
     * Computes a block and records its graph.
     *
     * @param wanted whether the input's gradient is
     * @param forward the computation
     */
    static GraphTape record(
            ScriptModule script,
            NDManager owner,
            Block block,
            NDArray x,
            boolean wanted,
            UnaryOperator<NDArray> forward) {
        NDArray input = wanted ? script.callOne(owner, "leaf", x) : x;
        NDArray y = Torch.recording(() -> forward.apply(input));
        return new GraphTape(script, block, wanted ? List.of(input) : List.of(), y);
    }

    @Override
    public NDArray output() {
        return output;
    }

    @Override
    public Optional<NDArray> backward(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add) {
        // The graph reads what is staged for the block, and other blocks have been computed meanwhile.
        block.weights();
        NDList input = script.call(
                owner,
                "backward",
                output,
                gradient,
                leaf,
                block.trainable().stream().map(Parameter::value).toList(),
                gradients,
                add);
        output.close();
        leaf.forEach(NDArray::close);
        return input.stream().findFirst();
    }
}
