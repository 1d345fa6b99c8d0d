package io.github.sparkfinetune.core.train.sample;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.gradient.SampleGradients;
import io.github.sparkfinetune.core.model.BlockCall;
import io.github.sparkfinetune.core.model.MeasuredBlock;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.Tape;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.model.weight.Block;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.core.tensor.Tensors;
import io.github.sparkfinetune.core.train.step.ForwardBackward;
import io.github.sparkfinetune.core.train.step.StepParts;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Forward and backward over a batch that give the clipped gradient of each sample. The samples pass the layers
 * together, whose backward writes the gradient of each sample, or measures its norm and keeps what gives the sum of the
 * gradients, each scaled by its sample's factor. The head and the loss are computed for one sample after the other,
 * unless the head measures, too.
 */
final class SamplePass {
    private final Model model;
    private final Objective objective;
    private final ForwardBackward passes;
    private final Gradients sums;
    private final SampleGradients gradients;
    private final List<Block> body;
    private final Block head;
    private final Set<Block> measured;

    /** @param owner owner of the samples' gradients */
    SamplePass(NDManager owner, StepParts parts) {
        this.model = parts.model();
        this.objective = parts.objective();
        this.passes = parts.passes();
        this.sums = parts.gradients();
        SampleLayers layers = SampleLayers.of(model);
        this.gradients = sums.ofSamples(owner, layers.measured(), layers.joins() ? parts.batchSize() : 1);
        this.body = SampleLayers.body(model);
        this.head = model.blocks().get(body.size());
        this.measured = layers.measured();
    }

    /** Returns the samples' gradients. */
    SampleGradients gradients() {
        return gradients;
    }

    private SampleTapes begin(NDManager owner, List<Sample> samples, boolean hasNorms) {
        gradients.begin(owner, samples.size(), hasNorms);
        Batch batch = model.batch(
                owner, samples.stream().map(objective::differentiated).toList());
        return new SampleTapes(batch, objective.terms().size());
    }

    /** Returns a sample as a batch. */
    private Batch alone(NDManager owner, SampleTapes pass, int sample) {
        return pass.samples() == 1
                ? pass.batch()
                : model.batch(owner, List.of(pass.batch().samples().get(sample)));
    }

    /**
     * Adds to the gradients of the step the clipped gradients of the mean loss of each sample over the sample's labels.
     *
     * @param samples samples, at most {@link SampleGradients#most}
     * @param most highest L2 norm of what a sample adds
     * @return sum over the samples of each term's mean
     */
    double[] run(NDManager owner, List<Sample> samples, double most) {
        SampleTapes pass = begin(owner, samples, true);
        differentiate(owner, pass, samples);
        addMeasured(owner, pass, gradients.addClipped(owner, most));
        return pass.terms();
    }

    /**
     * Returns the L2 norm of the gradient of each sample's mean loss.
     *
     * @param samples samples, at most {@link SampleGradients#most}
     */
    double[] norms(NDManager owner, List<Sample> samples) {
        differentiate(owner, begin(owner, samples, true), samples);
        return gradients.norms(owner);
    }

    /**
     * Computes the gradients of the mean loss of each sample, without their norms.
     *
     * @param samples samples, at most {@link SampleGradients#most}
     * @return the blocks of which gradients are only measured
     */
    List<MeasuredBlock> compute(NDManager owner, List<Sample> samples) {
        SampleTapes pass = begin(owner, samples, false);
        differentiate(owner, pass, samples);
        return pass.measured().stream().map(SampleTapes.Measured::gradients).toList();
    }

    /** Computes or measures the samples' gradients. */
    private void differentiate(NDManager owner, SampleTapes pass, List<Sample> samples) {
        NDArray x = forward(owner, pass);
        Optional<NDArray> g = measured.contains(head)
                ? measureHead(owner, pass, samples, x)
                : Optional.of(differentiateHeads(owner, pass, samples, x));
        for (int i = pass.recorded().size() - 1; i >= 0; i--) {
            SampleTapes.Recorded layer = pass.recorded().get(i);
            NDArray above = g.orElseThrow();
            if (measured.contains(layer.block())) {
                g = measure(owner, pass, layer, above);
            } else {
                g = backward(owner, layer, above, pass.samples() > 1);
                above.close();
            }
        }
        if (gradients.hasTable()) {
            gradients.addRows(owner, pass.batch(), g.orElseThrow());
        }
    }

    /** Computes the blocks before the head. */
    private NDArray forward(NDManager owner, SampleTapes pass) {
        NDArray x = passes.input(owner, pass.batch());
        boolean below = gradients.hasTable();
        for (Block block : body) {
            if (!below && block.differentiated().isEmpty()) {
                x = passes.forward(owner, block, x, pass.batch());
            } else {
                BlockCall call = passes.call(block, x, pass.batch());
                boolean isBySample = pass.samples() > 1 && !measured.contains(block);
                Tape tape = passes.record(owner, isBySample ? call.bySample() : call, below);
                pass.recorded().add(new SampleTapes.Recorded(block, tape));
                x = tape.output();
                below = true;
            }
        }
        return x;
    }

    /** Returns the gradient with respect to the block's input, if requested. */
    private Optional<NDArray> measure(NDManager owner, SampleTapes pass, SampleTapes.Recorded recorded, NDArray above) {
        MeasuredBlock block = recorded.tape().measure(owner, above, sums.of(recorded.block()), gradients.squares());
        pass.measured().add(new SampleTapes.Measured(recorded.block(), block));
        return block.inputGradient();
    }

    /** Returns the gradient of the losses with respect to x, the output of the last layer, if requested. */
    private Optional<NDArray> measureHead(NDManager owner, SampleTapes pass, List<Sample> samples, NDArray x) {
        Tape tape = passes.record(
                owner, passes.call(head, x, pass.batch()), !pass.recorded().isEmpty());
        NDArray above = losses(owner, pass, samples, tape.output());
        return measure(owner, pass, new SampleTapes.Recorded(head, tape), above);
    }

    /** Returns the gradient of the losses with respect to the head's output, which has rows of each sample. */
    private NDArray losses(NDManager owner, SampleTapes pass, List<Sample> samples, NDArray output) {
        List<TermWeights> weights = samples.stream().map(objective::alone).toList();
        if (weights.stream()
                .allMatch(some -> Arrays.equals(some.terms(), weights.get(0).terms()))) {
            return loss(owner, pass, pass.batch(), weights.get(0), output, Map.of());
        }
        NDArray above = owner.zeros(output.getShape(), output.getDataType());
        int first = 0;
        for (int i = 0; i < samples.size(); i++) {
            Batch alone = alone(owner, pass, i);
            int count = alone.samplesOfRows(head).length;
            NDArray ofSample = loss(owner, pass, alone, weights.get(i), rows(owner, output, first, count), Map.of());
            copy(owner, rows(owner, above, first, count), ofSample);
            first += count;
        }
        return above;
    }

    /** Returns the gradient of the losses with respect to x, the output of the last layer. */
    private NDArray differentiateHeads(NDManager owner, SampleTapes pass, List<Sample> samples, NDArray x) {
        NDArray ofOutput = owner.zeros(x.getShape(), x.getDataType());
        for (int i = 0; i < pass.samples(); i++) {
            try (NDManager ofSample = owner.newSubManager()) {
                differentiateHead(ofSample, pass, i, samples.get(i), x, ofOutput);
            }
        }
        return ofOutput;
    }

    /**
     * Differentiates the loss of a sample and the head.
     *
     * @param x output of the last layer
     * @param ofOutput receives the gradient of the sample's rows of x
     */
    private void differentiateHead(
            NDManager owner, SampleTapes pass, int sample, Sample labels, NDArray x, NDArray ofOutput) {
        Batch alone = alone(owner, pass, sample);
        TermWeights weights = objective.alone(labels);
        NDArray hidden = alone(owner, alone, rows(owner, pass, x, sample));
        Tape tape = passes.record(
                owner, passes.call(head, hidden, alone), !pass.recorded().isEmpty());
        NDArray above = loss(owner, pass, alone, weights, tape.output(), gradients.lmHead(sample));
        NDArray target = rows(owner, pass, ofOutput, sample);
        tape.backward(owner, above, gradients.of(head, sample), false)
                .ifPresent(gradient -> copy(owner, target, gradient));
    }

    /**
     * Adds the loss of a batch to the terms.
     *
     * @param weights weights of each of the batch's samples alone
     * @return gradient with respect to the output
     */
    private NDArray loss(
            NDManager owner,
            SampleTapes pass,
            Batch batch,
            TermWeights weights,
            NDArray output,
            Map<String, NDArray> lmHead) {
        Map<String, NDArray> outputs = Map.of(model.outputName(), output);
        Objective.Loss loss = objective.loss(owner, outputs, batch, weights, lmHead, false);
        double[] sums = loss.sums();
        for (int term = 0; term < sums.length; term++) {
            pass.terms()[term] += sums[term] * weights.scale(term);
        }
        return loss.gradients().get(model.outputName());
    }

    private Optional<NDArray> backward(NDManager owner, SampleTapes.Recorded layer, NDArray g, boolean isBySample) {
        List<NDArray> ofBlock = isBySample ? gradients.of(layer.block()) : gradients.of(layer.block(), 0);
        return layer.tape().backward(owner, g, ofBlock, false);
    }

    /** Adds the measured gradients to those of the step, each scaled by its sample's factor. */
    private void addMeasured(NDManager owner, SampleTapes pass, float[] factors) {
        if (pass.measured().isEmpty()) {
            return;
        }
        NDArray samples = Tensors.of(owner, factors, new Shape(factors.length));
        NDArray ofTokens = ofRows(owner, pass, body.get(0), factors);
        for (SampleTapes.Measured of : pass.measured()) {
            NDArray ofRows = of.block() == head ? ofRows(owner, pass, head, factors) : ofTokens;
            of.gradients().addScaled(owner, samples, ofRows, sums.of(of.block()));
        }
    }

    /** Returns the factor of each row of a block's output; 0 for filler. */
    private NDArray ofRows(NDManager owner, SampleTapes pass, Block block, float[] factors) {
        long[] samples = pass.batch().samplesOfRows(block);
        float[] ofRows = new float
                [block == head ? samples.length : (int) pass.batch().ids().size()];
        for (int row = 0; row < samples.length; row++) {
            ofRows[row] = factors[(int) samples[row]];
        }
        return Tensors.of(owner, ofRows, new Shape(ofRows.length));
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

    private NDArray rows(NDManager owner, SampleTapes pass, NDArray x, int sample) {
        return rows(owner, x, pass.batch().firstRows()[sample], pass.batch().rows()[sample]);
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
