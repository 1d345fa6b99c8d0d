package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.data.dataset.EpochOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Order of samples in a run: the samples of each step, by their indexes in the training split's storage order. Training
 * and traces of samples use this class. Not for concurrent use.
 *
 * <p>In a split with few row groups, a step takes consecutive samples of the epoch's {@link EpochOrder}. The order does
 * not depend on the number of ranks, and each rank reads nearly all row groups. From {@value #MANY_ROW_GROUPS} row
 * groups on, the order is divided into as many equal parts as the run had ranks at its start. A step takes the next
 * samples of each part. With G samples per step, L parts of w = G / L samples per step, T = floor(samples / G) whole
 * steps, and slot c of step s,
 *
 * <pre>
 * sample(s, c) = order[floor(c / w) · T · w + s · w + c mod w]   for s &lt; T, else order[s · G + c]
 * </pre>
 *
 * so that a rank reads its own share of the row groups, and parts of one or two others. L is G divided by
 * {@code per_device_train_batch_size · gradient_accumulation_steps}. A resumed run keeps the order; with another number
 * of ranks, each rank reads more row groups.
 */
public final class TrainingOrder implements StepSamples {
    /** Number of row groups that a rank decodes in seconds. */
    static final int MANY_ROW_GROUPS = 1000;

    private final List<Integer> rowGroups;
    private final StepPlan plan;
    private final long seed;
    /** Number of samples of a step from one part of the order; all samples if the order is not divided. */
    private final long width;

    private int epoch = -1;
    private EpochOrder order;

    /**
     * @param rowGroups number of rows of each row group of the training split, in storage order
     * @param training settings of the run
     */
    public TrainingOrder(List<Integer> rowGroups, StepPlan plan, TrainingConfig training) {
        this.rowGroups = List.copyOf(rowGroups);
        this.plan = plan;
        this.seed = training.seed();
        long share = StepPlan.globalBatch(training, 1);
        boolean isDivided = rowGroups.size() >= MANY_ROW_GROUPS && plan.globalBatch() % share == 0;
        this.width = isDivided ? share : plan.globalBatch();
    }

    /**
     * Returns the order of a run that starts with a configuration.
     *
     * @param rowGroups number of rows of each row group of the training split, in storage order
     */
    public static TrainingOrder of(RunConfig config, List<Integer> rowGroups) {
        TrainingConfig training = config.training();
        long samples = rowGroups.stream().mapToLong(Integer::longValue).sum();
        long globalBatch = StepPlan.globalBatch(training, config.cluster().ranks());
        return new TrainingOrder(rowGroups, StepPlan.of(training, samples, globalBatch), training);
    }

    @Override
    public int epoch(long step) {
        return plan.epoch(step);
    }

    @Override
    public long[] indexes(long step, int rank, int ranks) {
        if (plan.epoch(step) != epoch) {
            epoch = plan.epoch(step);
            order = new EpochOrder(rowGroups, seed, epoch);
        }
        long from = plan.share(step, rank, ranks);
        long[] indexes = new long[Math.toIntExact(plan.share(step, rank + 1, ranks) - from)];
        for (int i = 0; i < indexes.length; i++) {
            indexes[i] = order.index(orderPosition(from + i));
        }
        return indexes;
    }

    /** Returns the position in the epoch's order of the sample at a position of the run's order. */
    private long orderPosition(long position) {
        long batch = plan.globalBatch();
        long step = position / batch;
        long steps = plan.samples() / batch;
        if (width == batch || step >= steps) {
            return position;
        }
        long slot = position % batch;
        return slot / width * steps * width + step * width + slot % width;
    }

    /** Returns nothing if the next step is in another epoch or does not exist. */
    @Override
    public long[] next(long step, int rank, int ranks) {
        return step + 1 < plan.totalSteps() && plan.epoch(step + 1) == epoch
                ? indexes(step + 1, rank, ranks)
                : new long[0];
    }

    /**
     * A use of a sample by a step.
     *
     * @param index index of the sample in the training split
     * @param epoch epoch, from 1
     * @param step step of the run, from 1 as in the metrics of training
     * @param rank rank that computes the sample, from 0
     */
    public record Use(long index, int epoch, long step, int rank) {}

    /**
     * Returns the uses of some samples in the whole run, in the order of steps. Costs O(epochs · samples).
     *
     * @param samples indexes of the samples
     */
    public List<Use> uses(Set<Long> samples, int ranks) {
        List<Use> uses = new ArrayList<>();
        for (long step = 0; step < plan.totalSteps(); step++) {
            for (int rank = 0; rank < ranks; rank++) {
                for (long index : indexes(step, rank, ranks)) {
                    if (samples.contains(index)) {
                        uses.add(new Use(index, plan.epoch(step) + 1, step + 1, rank));
                    }
                }
            }
        }
        return uses;
    }

    /**
     * Returns the uses of some samples in a run that starts with a configuration, by sample; none if the run is
     * private, where they are secret.
     *
     * @param rowGroups number of rows of each row group of the training split, in storage order
     */
    public static Map<Long, List<Use>> uses(RunConfig config, List<Integer> rowGroups, Set<Long> samples) {
        return samples.isEmpty() || config.training().privacy().protectsSamples()
                ? Map.of()
                : of(config, rowGroups).uses(samples, config.cluster().ranks()).stream()
                        .collect(Collectors.groupingBy(Use::index));
    }
}
