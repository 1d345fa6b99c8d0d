package io.github.sparkfinetune.job;

import io.github.sparkfinetune.core.memory.NewWeight;
import io.github.sparkfinetune.core.plan.LargestBlock;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.core.plan.Traffic;
import io.github.sparkfinetune.core.train.speed.Pace;
import io.github.sparkfinetune.spark.cluster.ExecutorMemory;
import io.github.sparkfinetune.spark.run.PlanJob;
import io.github.sparkfinetune.spark.train.MeasureJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** Formats a plan as aligned lines that fit one screen. */
public final class PlanText {
    private static final double MIB = 1 << 20;

    private PlanText() {}

    public static List<String> lines(PlanJob.Plan plan) {
        List<String> lines = new ArrayList<>();
        RunPlan run = plan.run();
        lines.add(format("parameters  %,d", run.parameters()));
        lines.add(format("trained     %,d (%.2f%%)", run.trained(), 100.0 * run.trained() / run.parameters()));
        NewWeight.lines(run.newWeights()).forEach(line -> lines.add("head        " + line));
        lines.add("");
        lines.add("memory of a rank " + (plan.ranks().onGpu() ? "on its GPU" : "outside the Java heap") + ", MiB");
        RankMemory memory = run.memory();
        memory.parts().forEach((part, bytes) -> {
            if (bytes > 0) {
                lines.add(format("  %-22s%,10.0f", part, bytes / MIB));
            }
        });
        lines.add(format("  %-22s%,10.0f", "sum", memory.sum() / MIB));
        if (memory.teacher().sum() > 0) {
            lines.add(format(
                    "  %-22s%,10.0f", "the teacher, before", memory.teacher().sum() / MIB));
        }
        if (memory.evaluation() > 0) {
            lines.add(format("  %-22s%,10.0f", "evaluation, at most", memory.evaluation() / MIB));
        }
        room(plan, lines);
        RunPlan.Disk disk = run.disk();
        lines.add(format(
                "local disk  at most %,.0f MiB in spark.local.dir: %,.0f for a checkpoint under way%s",
                disk.sum() / MIB,
                disk.checkpoint() / MIB,
                disk.model() > 0 ? format(", %,.0f for models, once a machine", disk.model() / MIB) : ""));
        lines.add("");
        lines.add(format("ranks       %,d, %s", plan.ranks().count(), slots(plan)));
        if (plan.ranks().count() > 1) {
            Traffic traffic = run.traffic();
            lines.add(format(
                    "exchange    a rank receives %,.0f MiB a step: %.2f s at 10 Gbit/s, most of it while it computes",
                    traffic.sum() / MIB, traffic.seconds(10)));
        }
        run.work()
                .ifPresentOrElse(
                        work -> work(work, lines),
                        () -> lines.add("steps       known when the dataset is prepared: finetune prepare, then plan"));
        if (!run.savings().changes().isEmpty()) {
            lines.add("");
            lines.add("to need less: what the sum becomes by one of these, MiB");
            run.savings()
                    .changes()
                    .forEach((change, bytes) ->
                            lines.add(format("  %,8.0f  --set %s", bytes / MIB, change.replace(" ", " --set "))));
        }
        sharing(plan).ifPresent(lines::add);
        return lines;
    }

    /** Formats a measured speed. */
    public static String line(MeasureJob.Speed speed) {
        return format(
                "time        %s for the steps, %.2f s each (measured in %,d); evaluations and checkpoints take longer",
                Pace.clock(speed.seconds()), speed.secondsPerStep(), speed.steps());
    }

    /**
     * Returns the first level of cluster.shard with which a rank fits its executor, if it does not fit now; if no level
     * is enough, the block that is too large.
     */
    private static Optional<String> sharing(PlanJob.Plan plan) {
        OptionalLong room = plan.room().executor().map(ExecutorMemory::overhead).orElse(OptionalLong.empty());
        if (plan.ranks().count() == 1 || room.isEmpty() || plan.run().memory().sum() <= room.getAsLong()) {
            return Optional.empty();
        }
        return leastSharing(plan.run().savings().changes(), room.getAsLong())
                .map(change -> "the least sharing that fits: --set " + change)
                .or(() -> plan.run().savings().block().map(PlanText::tooLarge));
    }

    private static String tooLarge(LargestBlock block) {
        return format(
                "no sharing fits: weights and gradients of %s alone take %,.0f MiB on every rank",
                block.name(), block.bytes() / MIB);
    }

    private static Optional<String> leastSharing(Map<String, Long> changes, long room) {
        return changes.entrySet().stream()
                .filter(change -> change.getKey().startsWith("cluster.shard="))
                .filter(change -> change.getValue() <= room)
                .map(Map.Entry::getKey)
                .findFirst();
    }

    private static void room(PlanJob.Plan plan, List<String> lines) {
        lines.add("");
        if (!plan.ranks().onGpu() && !plan.ranks().oneProcess()) {
            lines.add(format(
                    "set         --conf spark.executor.memoryOverhead=%dm (15%% spare)",
                    plan.room().overheadMib()));
        }
        plan.room().executor().ifPresent(executor -> lines.add("executor    " + executor(executor)));
        plan.room().machine().ifPresent(bytes -> {
            lines.add(format(
                    "machine     has %,.0f MiB, the ranks take %,.0f and the Java heap%s",
                    bytes / MIB, plan.machineNeeds() / MIB, plan.machineNeeds() > bytes ? ": TOO LITTLE" : ""));
        });
    }

    private static String executor(ExecutorMemory executor) {
        String heap = format("spark.executor.memory %,.0f MiB for the Java heap", executor.heap() / MIB);
        return executor.overhead().isPresent()
                ? heap
                        + format(
                                ", memoryOverhead %,.0f MiB",
                                executor.overhead().getAsLong() / MIB)
                : heap + "; nothing limits the rest";
    }

    private static String slots(PlanJob.Plan plan) {
        return plan.ranks().slots().isPresent()
                ? format(
                        "%s has room for %,d",
                        plan.ranks().master(), plan.ranks().slots().getAsInt())
                : plan.ranks().master() + " says when it starts whether it has room";
    }

    private static void work(RunPlan.Work work, List<String> lines) {
        lines.add(format(
                "steps       %,d of %,d samples, %s epoch(s)",
                work.steps(),
                work.globalBatch(),
                work.epochs() == Math.rint(work.epochs())
                        ? format("%.0f", work.epochs())
                        : format("%.2f", work.epochs())));
        lines.add(format(
                "epoch       %,d samples, %,d tokens%s",
                work.samples(),
                work.tokens(),
                work.trainedTokens() > 0 ? format(", %,d of them trained on", work.trainedTokens()) : ""));
        work.privacy()
                .ifPresent(privacy -> lines.add(format(
                        "privacy     epsilon %.2f, delta %.1e, noise multiplier %.3f, sampling rate %.4f",
                        privacy.epsilon(), privacy.delta(), privacy.noiseMultiplier(), privacy.sampleRate())));
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
