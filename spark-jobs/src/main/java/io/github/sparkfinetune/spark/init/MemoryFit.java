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
 * What makes a run fit the memory of its ranks, tried in the order of what it costs: smaller micro-batches, layers that
 * are computed twice, the base in 4 bits, fewer ranks in one process.
 *
 * @param batch samples of a micro-batch
 * @param checkpointing whether layers are computed again in the backward pass
 * @param method of the run
 * @param ranks that train
 * @param plan what it takes
 */
record MemoryFit(int batch, boolean checkpointing, MethodConfig.Type method, int ranks, PlanJob.Plan plan) {
    /** Samples of an optimizer step, as usual in Hugging Face's examples. */
    static final int GLOBAL_BATCH = 16;

    private static final int LARGEST_BATCH = 16;
    /** Of a machine's memory: the rest is for the system, the heap and other work. */
    private static final double SHARE = 0.7;
    /** What a rank may take where nothing says what an executor has. */
    private static final long UNKNOWN = 8L << 30;

    /** Micro-batches of a step. */
    int accumulation() {
        return Math.max(1, GLOBAL_BATCH / (batch * ranks));
    }

    /**
     * Finds the first that fits; where none does, the one that takes the least.
     *
     * @param draft with all keys
     * @param fixed keys that are not changed
     * @param rankBytes that a rank may take, or empty for what the machine or Spark's settings give
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

    /** Whether a rank has what it takes. */
    boolean fits(OptionalLong rankBytes) {
        long needed = Math.max(plan.run().memory().sum(), plan.run().memory().evaluation());
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
