package io.github.sparkfinetune.core.train.step;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.gradient.SampleGradients;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.Tape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Forward and backward over a batch that give the gradient of each sample. The samples pass the layers together, whose
 * backward writes a gradient for each. The head and the loss are computed for one sample after the other.
 */
final class SamplePass {
    private final Model model;
    private final Objective objective;
    private final ForwardBackward passes;
    private final SampleGradients gradients;
    private final List<Block> body;
    private final Block head;

    /**
     * @param passes makes the input and the tapes of blocks
     * @param gradients receive the samples' gradients
     */
    SamplePass(Model model, Objective objective, ForwardBackward passes, SampleGradients gradients) {
        this.model = model;
        this.objective = objective;
        this.passes = passes;
        this.gradients = gradients;
        this.body = body(model);
        this.head = model.blocks().get(body.size());
    }

    private static List<Block> body(Model model) {
        return model.blocks().subList(0, model.blocks().size() - 1);
    }

    /** Returns whether several samples can pass the layers together. */
    static boolean joinsSamples(Model model) {
        return body(model).stream()
                .allMatch(block -> block.differentiated().isEmpty() || model.differentiatesBySample(block));
    }

    /** A block with its tape. */
    private record Recorded(Block block, Tape tape) {}

    /**
     * Computes the gradients of the mean loss of each sample over the sample's labels.
     *
     * @param samples samples; only one if {@link #joinsSamples} is false
     * @return sum over the samples of each term's mean
     */
    double[] run(NDManager owner, List<Sample> samples) {
        gradients.begin(owner, samples.size());
        List<Sample> inputs = samples.stream().map(objective::differentiated).toList();
        Batch batch = model.batch(owner, inputs);
        List<Recorded> recorded = new ArrayList<>();
        NDArray x = forward(owner, batch, recorded);
        NDArray g = owner.zeros(x.getShape(), x.getDataType());
        double[] terms = new double[objective.terms().size()];
        int[] first = batch.firstRows();
        for (int i = 0; i < samples.size(); i++) {
            try (NDManager ofSample = owner.newSubManager()) {
                Batch alone = samples.size() == 1 ? batch : model.batch(ofSample, inputs.subList(i, i + 1));
                TermWeights weights = objective.weights(samples.subList(i, i + 1));
                NDArray hidden = alone(ofSample, alone, rows(ofSample, x, first[i], batch.rows()[i]));
                Tape tape = passes.record(ofSample, head, hidden, !recorded.isEmpty(), alone, false);
                Objective.Loss loss = loss(ofSample, tape.output(), alone, weights, i);
                NDArray above = loss.gradients().get(model.outputName());
                NDArray target = rows(ofSample, g, first[i], batch.rows()[i]);
                tape.backward(ofSample, above, gradients.of(head, i), false)
                        .ifPresent(gradient -> copy(ofSample, target, gradient));
                double[] sums = loss.sums();
                for (int term = 0; term < terms.length; term++) {
                    terms[term] += sums[term] * weights.scale(term);
                }
            }
        }
        differentiate(owner, recorded, g, samples.size() > 1);
        return terms;
    }

    /**
     * Computes the layers.
     *
     * @param recorded receives the blocks that have a backward
     */
    private NDArray forward(NDManager owner, Batch batch, List<Recorded> recorded) {
        boolean isBySample = batch.samples().size() > 1;
        NDArray x = passes.input(owner, batch);
        for (Block block : body) {
            if (recorded.isEmpty() && block.differentiated().isEmpty()) {
                x = passes.forward(owner, block, x, batch);
            } else {
                Tape tape = passes.record(owner, block, x, !recorded.isEmpty(), batch, isBySample);
                recorded.add(new Recorded(block, tape));
                x = tape.output();
            }
        }
        return x;
    }

    private Objective.Loss loss(NDManager owner, NDArray output, Batch alone, TermWeights weights, int sample) {
        Map<String, NDArray> outputs = Map.of(model.outputName(), output);
        return objective.loss(owner, outputs, alone, weights, gradients.lmHead(sample), false);
    }

    private void differentiate(NDManager owner, List<Recorded> recorded, NDArray above, boolean isBySample) {
        NDArray g = above;
        for (int i = recorded.size() - 1; i >= 0; i--) {
            Block block = recorded.get(i).block();
            List<NDArray> ofBlock = isBySample ? gradients.of(block) : gradients.of(block, 0);
            Optional<NDArray> below = recorded.get(i).tape().backward(owner, g, ofBlock, false);
            g.close();
            if (i > 0) {
                g = below.orElseThrow();
            }
        }
    }

    /** Returns the hidden states of a sample, followed by those of the filler tokens that it has as a batch alone. */
    private NDArray alone(NDManager owner, Batch alone, NDArray hidden) {
        long rows = alone.ids().size();
        if (rows == hidden.getShape().get(0)) {
            return hidden;
        }
        NDArray filled = owner.zeros(new Shape(rows, hidden.getShape().get(1)), hidden.getDataType());
        copy(owner, rows(owner, filled, 0, (int) hidden.getShape().get(0)), hidden);
        return filled;
    }

    private NDArray rows(NDManager owner, NDArray x, int first, int count) {
        return model.script().callOne(owner, "row_range", x, first, count);
    }

    /** Overwrites rows by the first rows of another tensor. */
    private void copy(NDManager owner, NDArray target, NDArray source) {
        model.script().call(owner, "copy", target, rows(owner, source, 0, (int)
                target.getShape().get(0)));
    }
}
