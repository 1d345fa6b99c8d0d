package io.github.sparkfinetune.job;

import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.memory.NewWeight;
import io.github.sparkfinetune.core.plan.DirectMemory;
import io.github.sparkfinetune.core.plan.LargestBlock;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.core.plan.Traffic;
import io.github.sparkfinetune.core.privacy.PrivacySpent;
import io.github.sparkfinetune.spark.cluster.ExecutorMemory;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Plans for tests. */
public final class Plans {
    private static final long MIB = 1 << 20;

    private Plans() {}

    /**
     * Returns the plan of a LoRA run on YARN.
     *
     * @param refusal reason why training would reject the run, or null
     */
    public static PlanJob.Plan of(RunException refusal) {
        return of(refusal, 384);
    }

    /**
     * Returns the plan of a run on YARN.
     *
     * @param overheadMib executors' memory outside the Java heap, in MiB
     */
    static PlanJob.Plan of(RunException refusal, long overheadMib) {
        RankMemory memory = new RankMemory(
                new RankMemory.Weights(513 * MIB, 513 * MIB, MIB),
                new RankMemory.Trained(MIB, 3 * MIB),
                new RankMemory.Computed(342 * MIB, 48 * MIB, 125 * MIB, 0),
                new RankMemory.Jvm(300 * MIB, new DirectMemory(0, 0, 0)),
                1290 * MIB,
                RankMemory.Teacher.NONE);
        Map<String, Long> smaller = new LinkedHashMap<>();
        smaller.put("training.gradient_checkpointing=true", 1029 * MIB);
        smaller.put("cluster.shard=optimizer", 900 * MIB);
        smaller.put("cluster.shard=gradients", 384 * MIB);
        smaller.put("cluster.shard=full", 300 * MIB);
        RunPlan run = new RunPlan(
                134_975_808,
                460_800,
                memory,
                new RunPlan.Disk(514 * MIB, 5 * MIB),
                new Traffic(2 * MIB, 0),
                new RunPlan.Savings(smaller, Optional.of(new LargestBlock("the lm_head", 170 * MIB))),
                Optional.of(new RunPlan.Work(
                        1600,
                        200_000,
                        90_000,
                        4,
                        400,
                        1,
                        Optional.of(new PrivacySpent(7.996, 8.9, 1e-5, 0.7, 1.0, null, 0.0025)))),
                List.of(
                        new NewWeight("classifier.weight", List.of(2L, 64L), Optional.of(List.of(3L, 64L))),
                        new NewWeight("classifier.bias", List.of(2L), Optional.empty())));
        return new PlanJob.Plan(
                run,
                new PlanJob.Plan.Ranks("yarn", 2, OptionalInt.of(2), false, false),
                new PlanJob.Plan.Room(
                        1536,
                        Optional.of(new ExecutorMemory(
                                "executor",
                                1024 * MIB,
                                OptionalLong.of(overheadMib * MIB),
                                OptionalLong.of(1024 * MIB))),
                        OptionalLong.empty()),
                Optional.ofNullable(refusal));
    }
}
