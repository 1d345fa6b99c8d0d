package io.github.sparkfinetune.core.train.step;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.arch.BlockKind;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.model.BlockCall;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.NeftuneNoise;
import io.github.sparkfinetune.core.model.RecomputedTape;
import io.github.sparkfinetune.core.model.Tape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.objective.LossTerms;
import io.github.sparkfinetune.core.objective.Objective;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Forward and backward over micro-batches, one block at a time. Each block's graph starts at its own leaf. Therefore a
 * block's gradients are complete, and its activations are freed, before the backward of the block below begins. Blocks
 * below the lowest trained block keep no graph and have no backward.
 */
public final class ForwardBackward {
    private final Model model;
    private final DropoutMasks masks;
    private final NeftuneNoise noise;
    private final Gradients gradients;
    private final boolean recompute;

    /** @param recompute whether layers are computed again for their backward */
    public ForwardBackward(
            Model model, DropoutMasks masks, NeftuneNoise noise, Gradients gradients, boolean recompute) {
        this.recompute = recompute;
        this.model = model;
        this.masks = masks;
        this.noise = noise;
        this.gradients = gradients;
    }

    /**
     * Begins a step, which decides on masks and noise.
     *
     * @param step number of completed steps
     */
    public void begin(long step) {
        masks.step(step);
        noise.step(step);
    }

    /** Source of the losses of micro-batches. */
    interface Losses {
        /**
         * Returns the loss of each micro-batch.
         *
         * @param outputs output of the last block for each micro-batch
         */
        List<Objective.Loss> of(NDManager owner, List<Batch> batches, List<NDArray> outputs);
    }

    /**
     * Adds the gradients of some micro-batches, which pass each block together. Without micro-batches the gradients are
     * zero.
     *
     * @param losses source of the losses
     * @param first whether these are the first micro-batches of the step, which overwrite the previous step's gradients
     * @param last whether these are the last micro-batches, after which the sum of complete gradients over the ranks
     *     starts
     * @return sums of the objective's terms of each micro-batch; the owner closes them
     */
    List<LossTerms> run(NDManager owner, List<Batch> batches, Losses losses, boolean first, boolean last) {
        if (first) {
            gradients.clearShared(owner);
        }
        List<NDArray> outputs = new ArrayList<>();
        List<Recorded> recorded = forward(owner, batches, outputs);
        model.prepareLmHead();
        List<Objective.Loss> ofBatches = losses.of(owner, batches, outputs);
        if (batches.isEmpty()) {
            gradients.clearLmHead(owner);
        }
        List<Optional<NDArray>> above = ofBatches.stream()
                .map(loss -> Optional.of(loss.gradients().get(model.outputName())))
                .collect(Collectors.toCollection(ArrayList::new));
        model.releaseLmHead();
        if (last) {
            gradients.completeLmHead();
        }
        backward(owner, recorded, above, first, last);
        if (last) {
            gradients.completeShared();
        }
        for (int i = 0; i < batches.size() && gradients.hasTable(); i++) {
            gradients.addRows(owner, batches.get(i), above.get(i).orElseThrow());
        }
        if (last) {
            gradients.completeTable();
        }
        return ofBatches.stream().map(Objective.Loss::terms).toList();
    }

    /**
     * Returns the last block's output of a micro-batch, computed without a backward but with the noise and the masks
     * that {@link #run} has.
     */
    NDArray output(NDManager owner, Batch batch) {
        NDArray x = input(owner, batch);
        for (Block block : model.blocks()) {
            model.prepare(block, true);
            x = forward(owner, block, x, batch);
        }
        return x;
    }

    /** Returns a block's output without a backward; closes the input. */
    public NDArray forward(NDManager owner, Block block, NDArray x, Batch batch) {
        NDArray y = model.forward(owner, block, x, batch, masks);
        x.close();
        return y;
    }

    /** Returns the input of the first block. */
    public NDArray input(NDManager owner, Batch batch) {
        NDArray x = model.lookup(owner, batch);
        noise.add(owner, x, batch, model.tableScale());
        return x;
    }

    /** A block with a backward, and a tape for each micro-batch. */
    private record Recorded(Block block, List<Tape> tapes) {}

    /**
     * Computes all blocks; returns those that have a backward.
     *
     * @param outputs receives the last block's output for each micro-batch
     */
    private List<Recorded> forward(NDManager owner, List<Batch> batches, List<NDArray> outputs) {
        batches.forEach(batch -> outputs.add(input(owner, batch)));
        List<Recorded> recorded = new ArrayList<>();
        boolean below = gradients.hasTable();
        for (Block block : model.blocks()) {
            model.prepare(block, true);
            if (below || !block.differentiated().isEmpty()) {
                List<Tape> tapes = new ArrayList<>();
                for (int i = 0; i < batches.size(); i++) {
                    tapes.add(record(owner, call(block, outputs.get(i), batches.get(i)), below));
                    outputs.set(i, tapes.get(i).output());
                }
                recorded.add(new Recorded(block, tapes));
                below = true;
            } else {
                for (int i = 0; i < batches.size(); i++) {
                    outputs.set(i, forward(owner, block, outputs.get(i), batches.get(i)));
                }
            }
        }
        return recorded;
    }

    /**
     * Differentiates blocks from the last to the first.
     *
     * @param above gradient of each micro-batch's loss with respect to the output; receives that with respect to the
     *     first block's input, if requested
     */
    private void backward(
            NDManager owner, List<Recorded> recorded, List<Optional<NDArray>> above, boolean first, boolean last) {
        for (int b = recorded.size() - 1; b >= 0; b--) {
            Block block = recorded.get(b).block();
            model.prepare(block, false);
            List<NDArray> ofBlock = gradients.of(block);
            if (above.isEmpty()) {
                gradients.clear(owner, block);
            }
            for (int i = 0; i < above.size(); i++) {
                NDArray g = above.get(i).orElseThrow();
                above.set(i, recorded.get(b).tapes().get(i).backward(owner, g, ofBlock, !first || i > 0));
                g.close();
            }
            if (last) {
                gradients.complete(block);
            }
        }
    }

    /** Returns the computation of a block, with the masks of the step. */
    public BlockCall call(Block block, NDArray x, Batch batch) {
        return model.call(block, x, batch, masks);
    }

    /** Computes a block so that it can be differentiated. */
    public Tape record(NDManager owner, BlockCall call, boolean needsInputGrad) {
        return recompute && call.block().kind() == BlockKind.LAYER
                ? new RecomputedTape(model, owner, call, needsInputGrad)
                : model.record(owner, call, needsInputGrad);
    }
}
