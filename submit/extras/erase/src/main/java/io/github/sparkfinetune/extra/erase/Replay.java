package io.github.sparkfinetune.extra.erase;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.checkpoint.Checkpoint;
import io.github.sparkfinetune.core.checkpoint.CheckpointStore;
import io.github.sparkfinetune.core.plan.StepPlan;
import io.github.sparkfinetune.core.plan.TrainingOrder;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Part of a run that must be trained again after samples were erased. The steps before the first use of an erased
 * sample do not depend on it, so their newest checkpoint is also that of a run without the sample.
 *
 * @param firstUse first step that used an erased sample, from 1; 0 if no step did
 * @param from newest checkpoint that no erased sample has influenced; empty if the run starts anew, or has none
 * @param last last step that the run has saved; 0 if it has saved none
 * @param isEnded whether the run has ended
 */
record Replay(long firstUse, Optional<Checkpoint> from, long last, boolean isEnded) {

    /**
     * Finds where a run goes back to.
     *
     * @param config configuration with absolute paths
     * @param rowGroups number of rows of each row group of the training split, in storage order
     * @param samples indexes of the erased samples of the training split
     * @param anew whether the whole run depends on what is erased, not only the steps that used the samples
     */
    static Replay of(RunConfig config, List<Integer> rowGroups, Set<Long> samples, boolean anew, Configuration hadoop) {
        CheckpointStore store = CheckpointStore.open(new Path(config.output().checkpoints()), hadoop, "reader");
        List<Checkpoint> saved = store.committed();
        long batch = saved.stream()
                .findFirst()
                .map(newest -> store.state(newest).get("global_batch").asLong())
                .orElseGet(() ->
                        StepPlan.globalBatch(config.training(), config.cluster().ranks()));
        long rows = rowGroups.stream().mapToLong(Integer::longValue).sum();
        StepPlan plan = StepPlan.of(config.training(), rows, batch);
        long last = saved.isEmpty() ? 0 : saved.get(0).step();
        long used = anew && last > 0
                ? 1
                : firstUse(new TrainingOrder(rowGroups, plan, config.training()), plan, samples, last);
        return new Replay(
                used,
                saved.stream()
                        .filter(checkpoint -> used == 0 || checkpoint.step() < used)
                        .findFirst(),
                last,
                store.finalCheckpoint().isPresent());
    }

    private static long firstUse(TrainingOrder order, StepPlan plan, Set<Long> samples, long last) {
        for (long step = 0; step < Math.min(last, plan.totalSteps()); step++) {
            for (long index : order.indexes(step, 0, 1)) {
                if (samples.contains(index)) {
                    return step + 1;
                }
            }
        }
        return 0;
    }

    /** Returns the number of steps that are trained again. */
    public long steps() {
        return last - from.map(Checkpoint::step).orElse(0L);
    }
}
