package io.github.sparkfinetune.core.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A block whose forward PyTorch records. The graph starts at its own leaf and holds only this block. It reads the masks
 * again, so they stay, in memory that other blocks overwrite in the meantime.
 */
final class GraphTape implements Tape {
    private final BlockCall call;
    private final Map<String, NDArray> masks;
    private final List<NDArray> leaf;
    private final NDArray output;

    /**
     * Computes a block and records its graph.
     *
     * @param method script method that returns the block's output
     * @param needsInputGrad whether the gradient of the input is computed
     */
    GraphTape(NDManager owner, BlockCall call, String method, boolean needsInputGrad) {
        this.call = call;
        this.leaf = needsInputGrad ? List.of(call.script().callOne(owner, "leaf", call.input())) : List.of();
        this.masks = call.masks().make(owner);
        BlockCall withMasks = call.with(masks);
        BlockCall recorded = needsInputGrad ? withMasks.with(leaf.get(0)) : withMasks;
        this.output = Torch.recording(() -> recorded.run(owner, method));
    }

    @Override
    public NDArray output() {
        return output;
    }

    @Override
    public Optional<NDArray> backward(NDManager owner, NDArray gradient, List<NDArray> gradients, boolean add) {
        Block block = call.block();
        // The graph reads the dequantization buffers and masks, which other blocks have overwritten since.
        block.weights();
        call.masks().restore(masks);
        NDList input = call.script()
                .call(
                        owner,
                        "backward",
                        output,
                        gradient,
                        leaf,
                        block.leaves(),
                        gradients,
                        add,
                        block.sharedTrainable().size());
        output.close();
        leaf.forEach(NDArray::close);
        masks.values().forEach(NDArray::close);
        return input.stream().findFirst();
    }
}
