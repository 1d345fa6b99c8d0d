package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.model.Batch;
import io.github.sparkfinetune.core.model.Block;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Encoder;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.tensor.ScriptModule;
import io.github.sparkfinetune.core.tensor.Torch;
import java.util.ArrayList;
import java.util.List;

/**
 * Forward and backward over one micro-batch, a block at a time. A block's graph starts at a leaf of its own, so that
 * its gradients are whole, and its activations free, before the block below begins. Blocks below the lowest trained one
 * keep no graph and have no backward.
 */
final class MicroBatch {
    private final Encoder model;
    private final ScriptModule script;
    private final Objective objective;
    private final DropoutMasks masks;
    private final Gradients gradients;

    MicroBatch(Encoder model, ScriptModule script, Objective objective, DropoutMasks masks, Gradients gradients) {
        this.model = model;
        this.script = script;
        this.objective = objective;
        this.masks = masks;
        this.gradients = gradients;
    }

    /** A computed block: its input, a leaf or a plain value, and its output with the graph. */
    private record Computed(Block block, NDArray x, boolean leaf, NDArray y) {}

    /**
     * Adds the batch's gradients.
     *
     * @param weights of the objective's terms over the global batch
     * @param first whether it is the first micro-batch of the step: gradients of the step before are overwritten
     * @param last whether it is the last: complete gradients start to travel
     * @return the objective's sums
     */
    double[] run(NDManager owner, Batch batch, double[] weights, boolean first, boolean last) {
        List<Computed> graph = new ArrayList<>();
        NDArray x = model.lookup(owner, batch);
        boolean below = gradients.hasTable();
        for (Block block : model.blocks()) {
            boolean trained = below || !block.trainable().isEmpty();
            NDArray input = below ? leaf(owner, x) : x;
            NDArray y = trained
                    ? Torch.recording(() -> model.forward(owner, block, input, batch, masks))
                    : model.forward(owner, block, input, batch, masks);
            if (trained) {
                graph.add(new Computed(block, input, below, y));
            } else {
                x.close();
            }
            below = trained;
            x = y;
        }
        Objective.Loss loss = objective.loss(owner, x, batch, weights);
        backward(owner, batch, graph, loss.gradient(), !first, last);
        return loss.sums();
    }

    private NDArray leaf(NDManager owner, NDArray x) {
        return script.callOne(owner, "leaf", x);
    }

    private void backward(
            NDManager owner, Batch batch, List<Computed> graph, NDArray gradient, boolean add, boolean last) {
        NDArray g = gradient;
        for (int i = graph.size() - 1; i >= 0; i--) {
            Computed computed = graph.get(i);
            Block block = computed.block();
            List<NDArray> below = script.call(
                    owner,
                    "backward",
                    computed.y(),
                    g,
                    computed.leaf() ? List.of(computed.x()) : List.of(),
                    block.trainable().stream()
                            .map(parameter -> parameter.value())
                            .toList(),
                    gradients.of(block),
                    add);
            g.close();
            computed.y().close();
            computed.x().close();
            if (last) {
                gradients.complete(block);
            }
            g = below.isEmpty() ? null : below.get(0);
        }
        if (g != null) {
            gradients.addRows(owner, batch, g);
            g.close();
            if (last) {
                gradients.completeTable();
            }
        }
    }
}
