package io.github.sparkfinetune.core.train.sample;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.gradient.SampleGradients;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.core.plan.PrivateSteps;
import io.github.sparkfinetune.core.train.step.StepGradient;
import io.github.sparkfinetune.core.train.step.StepParts;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;

/**
 * Gradient of a step of DP-SGD: the sum of the samples' gradients, each clipped, plus noise. The loss of a sample is
 * the mean over its own labels, so that no sample's gradient depends on another sample.
 */
public final class PrivateGradient implements StepGradient {
    private final NDManager manager;
    private final Objective objective;
    private final Collective collective;
    private final Gradients gradients;
    private final PrivateSteps privacy;
    private final SampleGradients ofSamples;
    private final SamplePass pass;

    /** @param parts parts of a step whose gradients have room for those of samples */
    public PrivateGradient(StepParts parts, PrivateSteps privacy) {
        this.manager = parts.manager();
        this.objective = parts.objective();
        this.collective = parts.collective();
        this.gradients = parts.gradients();
        this.privacy = privacy;
        this.pass = new SamplePass(manager, parts);
        this.ofSamples = pass.gradients();
    }

    /** Returns weights by which the loss of a step is the mean loss of its samples. */
    @Override
    public TermWeights weights(List<List<Sample>> parts, Runnable progressed) {
        double[] weights = new double[objective.terms().size()];
        Arrays.fill(weights, parts.stream().mapToInt(List::size).sum());
        return TermWeights.of(weights);
    }

    /**
     * Sums this rank's gradients, adds its part of the noise, and starts to sum over the ranks.
     *
     * @return sum over the samples of each term's mean
     */
    @Override
    public double[] terms(long step, List<List<Sample>> parts, TermWeights weights, Runnable progressed) {
        double[] terms = new double[objective.terms().size()];
        try (NDManager owner = manager.newSubManager()) {
            ofSamples.clear(owner);
        }
        int together = ofSamples.most();
        for (List<Sample> part : parts) {
            for (int from = 0; from < part.size(); from += together) {
                progressed.run();
                add(part.subList(from, Math.min(part.size(), from + together)), terms);
            }
        }
        ofSamples.addNoise(privacy.noise(step), collective.rank(), collective.size());
        gradients.completeAll();
        return terms;
    }

    private void add(List<Sample> samples, double[] terms) {
        try (NDManager owner = manager.newSubManager()) {
            double[] some = pass.run(owner, samples, privacy.maxGradNorm());
            for (int term = 0; term < terms.length; term++) {
                terms[term] += some[term];
            }
        }
    }

    /** Returns the expected number of samples: their gradients are clipped already. */
    @Override
    public double divisor(double clipping) {
        return privacy.expectedSamples();
    }
}
