package io.github.sparkfinetune.core.train.step;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.batch.Batch;
import io.github.sparkfinetune.core.objective.LossTerms;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Gradient of the weighted sum of the samples' losses, a micro-batch after the other. */
final class SummedGradient implements StepGradient {
    private final NDManager manager;
    private final Model model;
    private final Objective objective;
    private final Collective collective;
    private final Gradients gradients;
    private final ForwardBackward passes;

    SummedGradient(StepParts parts) {
        this.manager = parts.manager();
        this.model = parts.model();
        this.objective = parts.objective();
        this.collective = parts.collective();
        this.gradients = parts.gradients();
        this.passes = parts.passes();
    }

    @Override
    public double[] terms(long step, List<List<Sample>> microBatches, TermWeights weights, Runnable progressed) {
        return terms(together(microBatches), weights, progressed);
    }

    @Override
    public double divisor(double clipping) {
        return clipping;
    }

    private List<List<List<Sample>>> together(List<List<Sample>> parts) {
        return gradients.areSharded() || parts.isEmpty()
                ? List.of(parts)
                : parts.stream().map(List::of).toList();
    }

    /**
     * Adds the gradients of micro-batches; returns the sums of the objective's terms, which are read at the end.
     *
     * @param together micro-batches, of which some pass each block together
     */
    private double[] terms(List<List<List<Sample>>> together, TermWeights weights, Runnable progressed) {
        try (NDManager reading = manager.newSubManager()) {
            StepLosses source = new StepLosses(objective, model.outputName(), weights, collective, gradients.lmHead());
            if (objective.joint().isPresent() && together.size() > 1) {
                source.cache(reading, outputs(reading, together, progressed));
            }
            List<LossTerms> losses = new ArrayList<>();
            for (int i = 0; i < together.size(); i++) {
                progressed.run();
                try (NDManager owner = manager.newSubManager()) {
                    List<Batch> batches = together.get(i).stream()
                            .map(part -> model.batch(owner, part))
                            .toList();
                    List<LossTerms> some = passes.run(owner, batches, source.of(i), i == 0, i == together.size() - 1);
                    some.forEach(terms -> terms.keep(reading));
                    losses.addAll(some);
                }
            }
            return Arrays.copyOf(LossTerms.sums(losses), objective.terms().size());
        }
    }

    /** Returns the outputs of micro-batches, computed for a loss that compares all of them. */
    private List<StepLosses.Output> outputs(NDManager reading, List<List<List<Sample>>> together, Runnable progressed) {
        List<StepLosses.Output> outputs = new ArrayList<>();
        for (List<List<Sample>> parts : together) {
            progressed.run();
            try (NDManager owner = manager.newSubManager()) {
                for (List<Sample> part : parts) {
                    NDArray output = passes.output(owner, model.batch(owner, part));
                    output.attach(reading);
                    outputs.add(new StepLosses.Output(part, output));
                }
            }
        }
        return outputs;
    }

    @Override
    public TermWeights weights(List<List<Sample>> parts, Runnable progressed) {
        TermWeights sums = objective.weights(List.of());
        for (List<Sample> part : parts) {
            progressed.run();
            sums = sums.plus(objective.weights(part));
        }
        if (objective.readsModel()) {
            model.finish();
        }
        return sums;
    }
}
