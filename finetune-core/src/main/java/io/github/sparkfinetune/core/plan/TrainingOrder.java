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
 *
 * <p>Of a split with few row groups a step takes samples that follow each other in the epoch's {@link EpochOrder}: the
 * order is the same whatever the number of ranks, and each of them reads nearly all row groups. From
 * {@value #MANY_ROW_GROUPS} row groups on, the order is cut into as many equal parts as the run had ranks when it
 * started, and a step takes the next samples of each part: with G samples a step, L parts of w = G / L samples a step,
 * T = floor(samples / G) whole steps, and slot c of step s,
 *
 * <pre>
 * sample(s, c) = order[floor(c / w) · T · w + s · w + c mod w]   for s &lt; T, else order[s · G + c]
 * </pre>
 *
 * so that a rank reads its own share of the row groups and a part of one or two more. L is G divided by
 * {@code per_device_train_batch_size · gradient_accumulation_steps}: a resumed run keeps the order, though with another
 * number of ranks they read more.
 */
public final class TrainingOrder {
    /** A rank decodes as many in seconds. */
    static final int MANY_ROW_GROUPS = 1000;

    private final List<Integer> rowGroups;
    private final StepPlan plan;
    private final long seed;
    /** Samples of a step that are of one part of the order; all of them where it is not cut. */
    private final long width;

    private int epoch = -1;
    private EpochOrder order;

    /**
     * @param rowGroups rows of each row group of the training split, in storage order
     * @param training the run's settings
     */
    public TrainingOrder(List<Integer> rowGroups, StepPlan plan, TrainingConfig training) {
        this.rowGroups = List.copyOf(rowGroups);
        this.plan = plan;
        this.seed = training.seed();
        long share = StepPlan.globalBatch(training, 1);
        boolean isCut = rowGroups.size() >= MANY_ROW_GROUPS && plan.globalBatch() % share == 0;
        this.width = isCut ? share : plan.globalBatch();
    }

    /**
     * That of a run which starts with this configuration.
     *
     * @param rowGroups rows of each row group of the training split, in storage order
     */
    public static TrainingOrder of(RunConfig config, List<Integer> rowGroups) {
        TrainingConfig training = config.training();
        long samples = rowGroups.stream().mapToLong(Integer::longValue).sum();
        long globalBatch =
                StepPlan.globalBatch(training, config.compute().cluster().ranks());
        return new TrainingOrder(rowGroups, StepPlan.of(training, samples, globalBatch), training);
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
            indexes[i] = order.index(place(from + i));
        }
        return indexes;
    }

    /** The place in the epoch's order of what comes at a position. */
    private long place(long position) {
        long batch = plan.globalBatch();
        long step = position / batch;
        long steps = plan.samples() / batch;
        if (width == batch || step >= steps) {
            return position;
        }
        long slot = position % batch;
        return slot / width * steps * width + step * width + slot % width;
    }

    /** A rank's share of the samples of the step that follows in the epoch; empty where none does. */
    public long[] next(long step, int rank, int ranks) {
        return step + 1 < plan.totalSteps() && plan.epoch(step + 1) == epoch
                ? indexes(step + 1, rank, ranks)
                : new long[0];
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
