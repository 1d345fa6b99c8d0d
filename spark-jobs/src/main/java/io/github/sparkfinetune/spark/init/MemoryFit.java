package io.github.sparkfinetune.spark.init;

import io.github.sparkfinetune.conf.MethodConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.CommentedYaml;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;

/**
 * Settings with which a run fits the memory of its ranks. Candidates are tried in order of their cost: smaller
 * micro-batches, gradient checkpointing, the base in 4 bits, fewer ranks in one process.
 *
 * @param batch samples of a micro-batch
 * @param checkpointing whether layers are computed again in the backward pass
 * @param method method of the run
 * @param ranks number of ranks
 * @param plan memory and disk of the run
 */
record MemoryFit(int batch, boolean checkpointing, MethodConfig.Type method, int ranks, PlanJob.Plan plan) {
    /** Samples of an optimizer step, as is usual in Hugging Face's examples. */
    static final int GLOBAL_BATCH = 16;

    private static final int LARGEST_BATCH = 16;
    /** Share of a machine's memory for the ranks. The rest is for the system, the heap and other work. */
    private static final double SHARE = 0.7;
    /** Memory of a rank if the executors' memory is unknown. */
    private static final long UNKNOWN = 8L << 30;

    /** Returns the number of micro-batches of a step. */
    int accumulation() {
        return Math.max(1, GLOBAL_BATCH / (batch * ranks));
    }

    /**
     * Returns the first candidate that fits; if none fits, the candidate that takes the least memory.
     *
     * @param draft all keys of the run
     * @param fixed keys that are not changed
     * @param rankBytes memory that a rank may take, or empty for the memory of the machine or of Spark's settings
     */
    static MemoryFit of(
            CommentedYaml draft,
            Set<String> fixed,
            RunConfig config,
            int ranks,
            OptionalLong rankBytes,
            Function<RunConfig, PlanJob.Plan> planner) {
        MemoryFit smallest = null;
        for (MemoryFit candidate : candidates(config.method().type(), ranks)) {
            List<String> overrides = new ArrayList<>(draft.overrides());
            candidate.overrides().stream()
                    .filter(override -> !fixed.contains(override.substring(0, override.indexOf('='))))
                    .forEach(overrides::add);
            PlanJob.Plan plan = planner.apply(RunConfigLoader.parse("{}", "finetune init", overrides));
            MemoryFit planned =
                    new MemoryFit(candidate.batch, candidate.checkpointing, candidate.method, candidate.ranks, plan);
            if (planned.fits(rankBytes)) {
                return planned;
            }
            boolean fewer = plan.ranks().oneProcess() || candidate.ranks == ranks;
            if (fewer
                    && (smallest == null
                            || plan.run().memory().sum() * candidate.ranks
                                    < smallest.plan.run().memory().sum() * smallest.ranks)) {
                smallest = planned;
            }
        }
        return smallest;
    }

    private static List<MemoryFit> candidates(MethodConfig.Type method, int ranks) {
        List<MemoryFit> all = new ArrayList<>();
        int largest = Math.max(1, Math.min(LARGEST_BATCH, GLOBAL_BATCH / ranks));
        for (int few = ranks; few >= 1; few /= 2) {
            for (int batch = largest; batch >= 1; batch /= 2) {
                all.add(new MemoryFit(batch, false, method, few, null));
            }
            all.add(new MemoryFit(1, true, method, few, null));
            if (method == MethodConfig.Type.LORA) {
                all.add(new MemoryFit(1, true, MethodConfig.Type.QLORA, few, null));
            }
        }
        return all;
    }

    private List<String> overrides() {
        return List.of(
                "training.per_device_train_batch_size=" + batch,
                "training.gradient_accumulation_steps=" + accumulation(),
                "training.gradient_checkpointing=" + checkpointing,
                "method.type=" + method.name().toLowerCase(Locale.ROOT),
                "cluster.ranks=" + ranks);
    }

    /** Returns whether each rank has the memory that it takes. */
    boolean fits(OptionalLong rankBytes) {
        long needed = plan.run().memory().peak();
        if (rankBytes.isPresent()) {
            return needed <= rankBytes.getAsLong();
        }
        if (plan.ranks().onGpu()) {
            return true;
        }
        if (plan.room().machine().isPresent()) {
            return plan.machineNeeds() <= SHARE * plan.room().machine().getAsLong();
        }
        return needed <= room().orElse(UNKNOWN);
    }

    private Optional<Long> room() {
        return plan.room()
                .executor()
                .map(executor -> executor.overhead())
                .filter(OptionalLong::isPresent)
                .map(OptionalLong::getAsLong);
    }
}
