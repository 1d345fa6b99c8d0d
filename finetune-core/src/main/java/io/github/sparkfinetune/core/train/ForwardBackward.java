package io.github.sparkfinetune.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.model.BlockCall;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.RecomputedTape;
import io.github.sparkfinetune.core.model.Tape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.TermWeights;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Forward and backward over one micro-batch, one block at a time. Each block's graph starts at its own leaf. Therefore
 * a block's gradients are complete, and its activations are freed, before the backward of the block below begins.
 * Blocks below the lowest trained block keep no graph and have no backward.
 */
final class ForwardBackward {
    private final Model model;
    private final Objective objective;
    private final DropoutMasks masks;
    private final NeftuneNoise noise;
    private final Gradients gradients;
    private final boolean recompute;

    ForwardBackward(
            Model model,
            Objective objective,
            DropoutMasks masks,
            NeftuneNoise noise,
            Gradients gradients,
            boolean recompute) {
        this.recompute = recompute;
        this.model = model;
        this.objective = objective;
        this.masks = masks;
        this.noise = noise;
        this.gradients = gradients;
    }

    /**
     * Adds the batch's gradients.
     *
     * @param weights weights of the objective's terms over the global batch
     * @param first whether this is the first micro-batch of the step, which overwrites the previous step's gradients
     * @param last whether this is the last micro-batch, after which the all-reduce of complete gradients starts
     * @return sums of the objective's terms
     */
    double[] run(NDManager owner, Batch batch, TermWeights weights, boolean first, boolean last) {
        List<Block> trained = new ArrayList<>();
        List<Tape> tapes = new ArrayList<>();
        if (first) {
            gradients.clearShared(owner);
        }
        NDArray x = model.lookup(owner, batch);
        noise.add(owner, x, batch, model.tableScale());
        boolean below = gradients.hasTable();
        for (Block block : model.blocks()) {
            if (below || !block.differentiated().isEmpty()) {
                tapes.add(record(owner, block, x, below, batch));
                trained.add(block);
                x = tapes.get(tapes.size() - 1).output();
                below = true;
            } else {
                NDArray y = model.forward(owner, block, x, batch, masks);
                x.close();
                x = y;
            }
        }
        String output = model.outputName();
        Objective.Loss loss = objective.loss(owner, Map.of(output, x), batch, weights, gradients.lmHead(), !first);
        if (last) {
            gradients.completeLmHead();
        }
        Optional<NDArray> g = Optional.of(loss.gradients().get(output));
        for (int i = tapes.size() - 1; i >= 0; i--) {
            NDArray above = g.orElseThrow();
            g = tapes.get(i).backward(owner, above, gradients.of(trained.get(i)), !first);
            above.close();
            if (last) {
                gradients.complete(trained.get(i));
            }
        }
        if (last) {
            gradients.completeShared();
        }
        if (g.isPresent()) {
            gradients.addRows(owner, batch, g.orElseThrow());
            if (last) {
                gradients.completeTable();
            }
        }
        return loss.sums();
    }

    private Tape record(NDManager owner, Block block, NDArray x, boolean needsInputGrad, Batch batch) {
        BlockCall call = model.call(owner, block, x, batch, masks);
        return recompute && block.kind() == BlockKind.LAYER
                ? new RecomputedTape(model, owner, call, needsInputGrad)
                : model.record(owner, call, needsInputGrad);
    }
}
