package io.github.sparkfinetune.core.train.step;

import ai.djl.ndarray.NDManager;
import io.github.sparkfinetune.conf.ClusterConfig.Shard;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.core.checkpoint.OptimizerShare;
import io.github.sparkfinetune.core.collective.Collective;
import io.github.sparkfinetune.core.gradient.Gradients;
import io.github.sparkfinetune.core.model.DropoutMasks;
import io.github.sparkfinetune.core.model.Model;
import io.github.sparkfinetune.core.model.NeftuneNoise;
import io.github.sparkfinetune.core.objective.Objective;
import io.github.sparkfinetune.core.objective.TermWeights;
import io.github.sparkfinetune.core.optim.Optimizer;
import io.github.sparkfinetune.core.optim.OptimizerKind;
import io.github.sparkfinetune.data.dataset.Sample;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * One optimizer step over a global batch, which is divided among the ranks and, on each rank, into micro-batches. Every
 * rank calls the step with its own part, which may be empty.
 */
public final class TrainStep {
    private final StepParts parts;
    private final double maxGradNorm;
    private final Optimizer optimizer;
    private final OptimizerShare share;
    private StepGradient gradient;

    /**
     * @param manager owner of the gradients and the optimizer's state, on the model's device
     * @param masks dropout masks
     * @param training settings of the optimizer, clipping, noise and gradient checkpointing
     * @param shard what the ranks share
     */
    public TrainStep(
            NDManager manager,
            Model model,
            Objective objective,
            DropoutMasks masks,
            Collective collective,
            TrainingConfig training,
            Shard shard) {
        Gradients gradients = new Gradients(
                manager, model, collective, shard, training.privacy().protectsSamples());
        ForwardBackward passes = new ForwardBackward(
                model, masks, new NeftuneNoise(training), gradients, training.gradientCheckpointing());
        this.maxGradNorm = training.maxGradNorm();
        this.parts = new StepParts(
                manager, model, objective, collective, gradients, passes, training.perDeviceTrainBatchSize());
        this.gradient = new SummedGradient(parts);
        this.optimizer = OptimizerKind.of(training).create(manager, training, gradients.parameters());
        this.share =
                shard == Shard.NONE ? OptimizerShare.WHOLE : new OptimizerShare(collective.rank(), collective.size());
    }

    /** Returns what a {@link StepGradient} of this step works with. */
    public StepParts parts() {
        return parts;
    }

    /** Makes the gradient of all steps in another way than by the sum of the losses. */
    public void use(StepGradient other) {
        gradient = other;
    }

    /**
     * Outcome of a step over all ranks.
     *
     * @param loss mean loss before the update
     * @param gradNorm global L2 norm of the gradient, before clipping; in a private run after clipping, with the noise
     * @param samples number of samples in the global batch
     * @param tokens number of tokens in the global batch, without padding
     * @param saves whether a checkpoint is due after the step: rank 0 requests it, or a rank leaves
     * @param leaves whether a rank must end after the step
     * @param seconds computing time of each rank, without waiting for other ranks
     */
    public record Outcome(
            double loss, double gradNorm, long samples, long tokens, boolean saves, boolean leaves, double[] seconds) {}

    /**
     * Computes the gradient of the global batch.
     *
     * @param step number of completed optimizer steps
     * @param microBatches this rank's micro-batches
     * @param saves whether a checkpoint is due; rank 0 decides, and its decision needs no extra message
     * @param leaves called at the end: whether this rank must end after the step
     * @param progressed called after each piece of work; may throw
     */
    public Outcome gradient(
            long step, List<List<Sample>> microBatches, boolean saves, BooleanSupplier leaves, Runnable progressed) {
        Collective collective = parts.collective();
        Gradients gradients = parts.gradients();
        parts.passes().begin(step);
        long began = System.nanoTime();
        TermWeights weights = gradient.weights(microBatches, progressed);
        List<List<Sample>> differentiated = differentiated(microBatches);
        List<Sample> mine = differentiated.stream().flatMap(List::stream).toList();
        long gatherStart = System.nanoTime();
        GlobalBatch global = GlobalBatch.of(collective, weights, mine, gradients.needsIds(), saves);
        long waited = System.nanoTime() - gatherStart;
        gradients.begin(global.ids());
        parts.model().begin(global.ids());
        double[] terms = gradient.terms(step, differentiated, global.weights(), progressed);
        try (NDManager owner = parts.manager().newSubManager()) {
            double seconds = (System.nanoTime() - began - waited) / 1e9;
            gradients.await();
            double norm = gradients.norm(owner);
            norm = collective.rank() == 0 ? norm / gradient.divisor(1) : 0;
            StepTotals totals = StepTotals.reduced(collective, terms, norm, leaves.getAsBoolean(), seconds);
            return new Outcome(
                    totals.loss(global.weights()),
                    totals.gradNorm(),
                    global.samples(),
                    global.tokens(),
                    global.saves() || totals.leaves(),
                    totals.leaves(),
                    totals.seconds());
        }
    }

    private List<List<Sample>> differentiated(List<List<Sample>> microBatches) {
        return microBatches.stream()
                .map(part ->
                        part.stream().map(parts.objective()::differentiated).toList())
                .toList();
    }

    /**
     * Returns the name of the first tensor that is not finite in the step whose gradient was computed last. All ranks
     * call this method, before an update. It computes the forward pass again.
     *
     * @param step number of completed optimizer steps
     * @param microBatches this rank's micro-batches
     * @param isLossFinite whether the loss of the step is finite
     * @param progressed called after each piece of work; may throw
     */
    public String firstNotFinite(
            long step, List<List<Sample>> microBatches, boolean isLossFinite, Runnable progressed) {
        parts.passes().begin(step);
        return new NotFinite(parts.manager(), parts.model(), parts.passes(), parts.gradients())
                .first(parts.collective(), differentiated(microBatches), isLossFinite, progressed);
    }

    /**
     * Updates the parameters with the last computed gradient.
     *
     * @param step number of this step, from 1
     * @param rate learning rate
     * @param gradNorm the gradient's norm
     */
    public void update(long step, double rate, double gradNorm) {
        // As in torch.nn.utils.clip_grad_norm_: the coefficient is max_norm / (norm + 1e-6), at most 1.
        double clipping = maxGradNorm > 0 ? Math.max(1, (gradNorm + 1e-6) / maxGradNorm) : 1;
        try (NDManager owner = parts.manager().newSubManager()) {
            optimizer.step(owner, step, rate, gradient.divisor(clipping));
        }
        parts.gradients().exchangeUpdates();
        parts.model().updated();
    }

    public Optimizer optimizer() {
        return optimizer;
    }

    /** Returns this rank's share of the optimizer's state. */
    public OptimizerShare share() {
        return share;
    }

    public Gradients gradients() {
        return parts.gradients();
    }

    /**
     * Divides samples into micro-batches of at most {@code size} samples. Samples of similar length are together, so
     * that attention pads little.
     */
    public static List<List<Sample>> microBatches(List<Sample> samples, int size) {
        List<Sample> sorted = new ArrayList<>(samples);
        sorted.sort((a, b) -> Integer.compare(b.length(), a.length()));
        List<List<Sample>> parts = new ArrayList<>();
        for (int from = 0; from < sorted.size(); from += size) {
            parts.add(sorted.subList(from, Math.min(sorted.size(), from + size)));
        }
        return parts;
    }
}
