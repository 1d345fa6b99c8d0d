package io.github.sparkfinetune.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.spark.cluster.ExecutorMemory;
import io.github.sparkfinetune.spark.run.PlanJob;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PlanTextTest {
    private static final long MIB = 1 << 20;

    /** A LoRA run on YARN that is refused for something, or not. */
    static PlanJob.Plan plan(RunException refusal) {
        RankMemory memory = new RankMemory(
                513 * MIB, MIB, MIB, 3 * MIB, 342 * MIB, 48 * MIB, 125 * MIB, 0, 300 * MIB, 0, 1290 * MIB);
        RunPlan run = new RunPlan(
                134_975_808,
                460_800,
                memory,
                new RunPlan.Disk(514 * MIB, 5 * MIB),
                Map.of("training.gradient_checkpointing=true", 1029 * MIB),
                Optional.of(new RunPlan.Work(1600, 200_000, 90_000, 4, 400, 1)));
        return new PlanJob.Plan(
                run,
                "yarn",
                2,
                OptionalInt.of(2),
                false,
                false,
                1536,
                Optional.of(new ExecutorMemory(1024 * MIB, OptionalLong.of(384 * MIB), OptionalLong.of(1024 * MIB))),
                OptionalLong.empty(),
                Optional.ofNullable(refusal));
    }

    @Test
    void everyLineIsInPlace() {
        assertThat(String.join("\n", PlanText.lines(plan(null)))).isEqualTo("""
                parameters  134,975,808
                trained     460,800 (0.34%)

                memory of a rank outside the Java heap, MiB
                  weights                      513
                  adapters                       1
                  gradients                      1
                  optimizer                      3
                  activations                  342
                  logits and loss               48
                  freed, not returned          125
                  JVM and libraries            300
                  sum                        1,333
                  evaluation, at most        1,290

                set         --conf spark.executor.memoryOverhead=1536m (15% spare)
                executor    spark.executor.memory 1,024 MiB for the Java heap, memoryOverhead 384 MiB
                local disk  at most 519 MiB in spark.local.dir: 5 for a checkpoint under way, 514 for the model, once a machine

                ranks       2, yarn has room for 2
                steps       400 of 4 samples, 1 epoch(s)
                epoch       1,600 samples, 200,000 tokens, 90,000 of them trained on

                to need less: what the sum becomes by one of these, MiB
                     1,029  --set training.gradient_checkpointing=true""");
    }
}
