package io.github.sparkfinetune.core.plan;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.TrainingConfig;
import io.github.sparkfinetune.data.dataset.EpochOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Which samples each step of a run takes, by their places in the training split's storage order. Training asks for them
 * here, and so does whoever wants to know when a sample is used. Not for concurrent use.
 */
public final class TrainingOrder {
    private final List<Integer> rowGroups;
    private final StepPlan plan;
    private final long seed;
    private int epoch = -1;
    private EpochOrder order;

    /**
     * @param rowGroups rows of each row group of the training split, in storage order
     * @param seed of the run
     */
    public TrainingOrder(List<Integer> rowGroups, StepPlan plan, long seed) {
        this.rowGroups = List.copyOf(rowGroups);
        this.plan = plan;
        this.seed = seed;
    }

    /**
     * That of a run which starts with this configuration.
     *
     * @param rowGroups rows of each row group of the training split, in storage order
     */
    public static TrainingOrder of(RunConfig config, List<Integer> rowGroups) {
        TrainingConfig training = config.training();
        long samples = rowGroups.stream().mapToLong(Integer::longValue).sum();
        long globalBatch = StepPlan.globalBatch(training, config.cluster().ranks());
        return new TrainingOrder(rowGroups, StepPlan.of(training, samples, globalBatch), training.seed());
    }

    /** Epoch of a step, both from 0. */
    public int epoch(long step) {
        return plan.epoch(step);
    }

    /**
     * A rank's share of a step's samples, in the epoch's order. Going to any step costs no more than going to the next.
     *
     * @param step from 0
     */
    public long[] indexes(long step, int rank, int ranks) {
        if (plan.epoch(step) != epoch) {
            epoch = plan.epoch(step);
            order = new EpochOrder(rowGroups, seed, epoch);
        }
        long from = plan.share(step, rank, ranks);
        long[] indexes = new long[Math.toIntExact(plan.share(step, rank + 1, ranks) - from)];
        for (int i = 0; i < indexes.length; i++) {
            indexes[i] = order.index(from + i);
        }
        return indexes;
    }

    /**
     * A step that takes a sample.
     *
     * @param index the sample's place in the training split
     * @param epoch from 1
     * @param step of the run, from 1, as the metrics of a training count
     * @param rank that computes it, from 0
     */
    public record Use(long index, int epoch, long step, int rank) {}

    /**
     * The steps that take some samples, in their order, over the whole run. Costs O(epochs · samples).
     *
     * @param samples their places
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
}
