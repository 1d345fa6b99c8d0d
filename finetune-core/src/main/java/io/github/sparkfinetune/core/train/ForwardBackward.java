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
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Forward and backward over micro-batches, one block at a time. Each block's graph starts at its own leaf. Therefore a
 * block's gradients are complete, and its activations are freed, before the backward of the block below begins. Blocks
 * below the lowest trained block keep no graph and have no backward.
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
     * Adds the gradients of some micro-batches, which pass each block together. Without micro-batches the gradients are
     * zero.
     *
     * @param weights weights of the objective's terms over the global batch
     * @param first whether these are the first micro-batches of the step, which overwrite the previous step's gradients
     * @param last whether these are the last micro-batches, after which the sum of complete gradients over the ranks
     *     starts
     * @return sums of the objective's terms
     */
    double[] run(NDManager owner, List<Batch> batches, TermWeights weights, boolean first, boolean last) {
        if (first) {
            gradients.clearShared(owner);
        }
        List<NDArray> inputs = new ArrayList<>();
        for (Batch batch : batches) {
            NDArray x = model.lookup(owner, batch);
            noise.add(owner, x, batch, model.tableScale());
            inputs.add(x);
        }
        List<Block> trained = new ArrayList<>();
        List<List<Tape>> tapes = new ArrayList<>();
        boolean below = gradients.hasTable();
        for (Block block : model.blocks()) {
            model.prepare(block, true);
            if (below || !block.differentiated().isEmpty()) {
                List<Tape> ofBlock = new ArrayList<>();
                for (int i = 0; i < inputs.size(); i++) {
                    Tape tape = record(owner, block, inputs.get(i), below, batches.get(i));
                    ofBlock.add(tape);
                    inputs.set(i, tape.output());
                }
                tapes.add(ofBlock);
                trained.add(block);
                below = true;
            } else {
                for (int i = 0; i < inputs.size(); i++) {
                    NDArray y = model.forward(owner, block, inputs.get(i), batches.get(i), masks);
                    inputs.get(i).close();
                    inputs.set(i, y);
                }
            }
        }
        model.prepareLmHead();
        double[] sums = new double[objective.terms().size()];
        List<Optional<NDArray>> above = losses(owner, batches, inputs, weights, first, sums);
        model.releaseLmHead();
        if (last) {
            gradients.completeLmHead();
        }
        for (int b = tapes.size() - 1; b >= 0; b--) {
            Block block = trained.get(b);
            model.prepare(block, false);
            List<NDArray> ofBlock = gradients.of(block);
            if (batches.isEmpty()) {
                gradients.clear(owner, block);
            }
            for (int i = 0; i < batches.size(); i++) {
                NDArray g = above.get(i).orElseThrow();
                above.set(i, tapes.get(b).get(i).backward(owner, g, ofBlock, !first || i > 0));
                g.close();
            }
            if (last) {
                gradients.complete(block);
            }
        }
        if (last) {
            gradients.completeShared();
        }
        for (int i = 0; i < batches.size() && gradients.hasTable(); i++) {
            gradients.addRows(owner, batches.get(i), above.get(i).orElseThrow());
        }
        if (last) {
            gradients.completeTable();
        }
        return sums;
    }

    /** Returns the gradient of each micro-batch's loss with respect to its output. */
    private List<Optional<NDArray>> losses(
            NDManager owner,
            List<Batch> batches,
            List<NDArray> outputs,
            TermWeights weights,
            boolean first,
            double[] sums) {
        String output = model.outputName();
        List<Optional<NDArray>> gradient = new ArrayList<>();
        for (int i = 0; i < batches.size(); i++) {
            Objective.Loss loss = objective.loss(
                    owner,
                    Map.of(output, outputs.get(i)),
                    batches.get(i),
                    weights,
                    gradients.lmHead(),
                    !first || i > 0);
            gradient.add(Optional.of(loss.gradients().get(output)));
            double[] part = loss.sums();
            Arrays.setAll(sums, term -> sums[term] + part[term]);
        }
        if (batches.isEmpty()) {
            gradients.clearLmHead(owner);
        }
        return gradient;
    }

    private Tape record(NDManager owner, Block block, NDArray x, boolean needsInputGrad, Batch batch) {
        BlockCall call = model.call(owner, block, x, batch, masks);
        return recompute && block.kind() == BlockKind.LAYER
                ? new RecomputedTape(model, owner, call, needsInputGrad)
                : model.record(owner, call, needsInputGrad);
    }
}
