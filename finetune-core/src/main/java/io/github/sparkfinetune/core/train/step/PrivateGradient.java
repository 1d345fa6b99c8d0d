package io.github.sparkfinetune.core.train.step;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.gradient.ClippedSums;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.objective.LossTerms;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.core.plan.PrivateSteps;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.Arrays;
import java.util.List;

/**
 * Gradient of a step of DP-SGD: the sum of the samples' gradients, each clipped, plus noise. The loss of a sample is
 * the mean over its own labels, so that no sample's gradient depends on another sample.
 */
final class PrivateGradient {
    private final NDManager manager;
    private final Model model;
    private final Objective objective;
    private final Collective collective;
    private final Gradients gradients;
    private final ForwardBackward forwardBackward;
    private final PrivateSteps privacy;
    private final ClippedSums sums;

    /** @param manager owner of the sums */
    PrivateGradient(
            NDManager manager,
            Model model,
            Objective objective,
            Collective collective,
            Gradients gradients,
            ForwardBackward forwardBackward,
            PrivateSteps privacy) {
        this.manager = manager;
        this.model = model;
        this.objective = objective;
        this.collective = collective;
        this.gradients = gradients;
        this.forwardBackward = forwardBackward;
        this.privacy = privacy;
        this.sums = gradients.clipped(manager);
    }

    /** Returns weights by which the loss of a step is the mean loss of its samples. */
    TermWeights weights(List<List<Sample>> parts) {
        double[] weights = new double[objective.terms().size()];
        Arrays.fill(weights, parts.stream().mapToInt(List::size).sum());
        return TermWeights.of(weights);
    }

    /**
     * Sums this rank's gradients, and starts to sum over the ranks; rank 0 adds the noise.
     *
     * @param step number of completed steps
     * @return sum over the samples of each term's mean
     */
    double[] terms(long step, List<List<Sample>> parts, Runnable progressed) {
        double[] terms = new double[objective.terms().size()];
        try (NDManager owner = manager.newSubManager()) {
            sums.clear(owner);
        }
        for (List<Sample> part : parts) {
            for (Sample sample : part) {
                progressed.run();
                add(sample, terms);
            }
        }
        if (collective.rank() == 0) {
            sums.addNoise(privacy.noise(step));
        }
        try (NDManager owner = manager.newSubManager()) {
            sums.replaceGradients(owner);
        }
        gradients.completeAll();
        return terms;
    }

    private void add(Sample sample, double[] terms) {
        try (NDManager owner = manager.newSubManager()) {
            TermWeights weights = objective.weights(List.of(sample));
            List<Batch> batch = List.of(model.batch(owner, List.of(objective.differentiated(sample))));
            StepLosses source = new StepLosses(objective, model.outputName(), weights, collective, gradients.lmHead());
            List<LossTerms> losses = forwardBackward.run(owner, batch, source.of(0), true, false);
            double[] ofSample = LossTerms.sums(losses);
            for (int term = 0; term < terms.length; term++) {
                terms[term] += ofSample[term] * weights.scale(term);
            }
            sums.add(owner, privacy.maxGradNorm());
        }
    }

    /** Returns the divisor of the sum of a step. */
    double divisor() {
        return privacy.expectedSamples();
    }
}
