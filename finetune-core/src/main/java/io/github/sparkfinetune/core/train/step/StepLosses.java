package io.github.sparkfinetune.core.train.step;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.objective.JointLoss;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Losses of the micro-batches of a step, which pass the model in groups. A loss that compares all samples of the step
 * is computed before the first group, from outputs without a graph (GradCache; Gao and others, 2021). With one group it
 * is computed from the outputs of the group, so that the model computes them once.
 */
final class StepLosses {
    private final Objective objective;
    private final String output;
    private final TermWeights weights;
    private final Collective ranks;
    private final Map<String, NDArray> lmHead;
    private List<Objective.Loss> cached = List.of();

    /**
     * @param output name of the model's output
     * @param weights weights of the objective's terms over the global batch
     * @param lmHead receive the gradients of the weights that the objective reads
     */
    StepLosses(Objective objective, String output, TermWeights weights, Collective ranks, Map<String, NDArray> lmHead) {
        this.objective = objective;
        this.output = output;
        this.weights = weights;
        this.ranks = ranks;
        this.lmHead = lmHead;
    }

    /** Output of a micro-batch. */
    record Output(List<Sample> samples, NDArray value) {}

    /** Computes the losses from the outputs of all micro-batches, each of which is a group; closes the outputs. */
    void cache(NDManager owner, List<Output> outputs) {
        cached = objective
                .joint()
                .orElseThrow()
                .losses(
                        owner,
                        outputs.stream().map(Output::value).toList(),
                        outputs.stream().map(Output::samples).toList(),
                        weights,
                        ranks);
        outputs.forEach(computed -> computed.value().close());
    }

    /** Returns the losses of a group. */
    ForwardBackward.Losses of(int group) {
        if (!cached.isEmpty()) {
            return (owner, batches, outputs) -> cached.subList(group, group + 1);
        }
        if (objective.joint().isPresent()) {
            JointLoss joint = objective.joint().get();
            return (owner, batches, outputs) -> joint.losses(
                    owner, outputs, batches.stream().map(Batch::samples).toList(), weights, ranks);
        }
        return (owner, batches, outputs) -> {
            List<Objective.Loss> losses = new ArrayList<>();
            for (int i = 0; i < batches.size(); i++) {
                losses.add(objective.loss(
                        owner, Map.of(output, outputs.get(i)), batches.get(i), weights, lmHead, group > 0 || i > 0));
            }
            return losses;
        };
    }
}
