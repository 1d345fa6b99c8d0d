package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import io.github.sparkfinetune.core.memory.NewWeight;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.data.hf.HadoopFiles;
import io.github.sparkfinetune.spark.cluster.ClusterChecks;
import io.github.sparkfinetune.spark.cluster.ExecutorMemory;
import io.github.sparkfinetune.spark.cluster.Master;
import io.github.sparkfinetune.spark.cluster.MemoryChecks;
import io.github.sparkfinetune.spark.cluster.SparkSessions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.deploy.SparkHadoopUtil;

/** Says what a training run will take. Starts no Spark session: a cluster would hold executors for it. */
public final class PlanJob {
    private PlanJob() {}

    /**
     * What a run takes, and what Spark's settings give it.
     *
     * @param run what the ranks need
     * @param ranks where they run
     * @param room the memory that there is
     * @param refusal what {@code train} would refuse the run for, or empty
     */
    public record Plan(RunPlan run, Ranks ranks, Room room, Optional<RunException> refusal) {

        /**
         * Where the ranks of a run are.
         *
         * @param master {@code spark.master}
         * @param count ranks that are needed at once
         * @param slots for ranks that the settings have room for, or empty where only the cluster knows
         * @param oneProcess whether all ranks are threads of the driver's JVM
         * @param onGpu whether they compute on GPUs, so that the memory is a GPU's
         */
        public record Ranks(String master, int count, OptionalInt slots, boolean oneProcess, boolean onGpu) {}

        /**
         * Memory for the ranks of a run.
         *
         * @param overheadMib the {@code spark.executor.memoryOverhead} to set
         * @param executor memory of an executor, or empty where the ranks are in the driver or on GPUs
         * @param machine bytes of memory of this machine, where the ranks are on it
         */
        public record Room(long overheadMib, Optional<ExecutorMemory> executor, OptionalLong machine) {}

        /** Bytes that the ranks take together, where they are on one machine. */
        public long machineNeeds() {
            RankMemory rank = run.memory();
            return ranks.oneProcess() ? rank.ofProcess(ranks.count()) : ranks.count() * rank.sum();
        }
    }

    /**
     * Plans a run.
     *
     * @param config paths may be relative
     * @param master as in {@link SparkSessions#open}, and so the settings
     * @throws RunException when configuration, model and dataset do not fit each other
     */
    public static Plan run(RunConfig config, String master, Map<String, String> settings) {
        SparkConf spark = SparkSessions.conf(config, "plan", master, settings);
        Configuration hadoop = SparkHadoopUtil.get().newConfiguration(spark);
        Master parsed = Master.parse(spark.get("spark.master"));
        RunPlan plan;
        try {
            plan = plan(RunPaths.absolute(config, hadoop), hadoop);
        } catch (IOException e) {
            throw new UncheckedIOException(config.base().model() + " can not be read", e);
        }
        boolean onGpu = ClusterChecks.onGpu(spark, config);
        return new Plan(
                plan,
                new Plan.Ranks(
                        parsed.url(),
                        config.compute().cluster().ranks(),
                        ClusterChecks.slots(spark, parsed, config).stream()
                                .mapToInt(ClusterChecks.Slots::count)
                                .min(),
                        parsed.isLocal(),
                        onGpu),
                new Plan.Room(
                        ExecutorMemory.recommendedMib(plan.memory()),
                        parsed.isLocal() || onGpu ? Optional.empty() : Optional.of(ExecutorMemory.of(spark, parsed)),
                        parsed.isRemote() ? OptionalLong.empty() : MemoryChecks.ofMachine()),
                refusal(spark, config, hadoop, plan));
    }

    private static Optional<RunException> refusal(
            SparkConf spark, RunConfig config, Configuration hadoop, RunPlan plan) {
        try {
            ClusterChecks.check(spark, config);
            RunConfig ignored = RunPaths.resolve(config, spark.get("spark.master"), hadoop);
            MemoryChecks.require(spark, config, plan.memory());
            return Optional.empty();
        } catch (RunException e) {
            return Optional.of(e);
        }
    }

    /**
     * Names the weights of the model's head that begin with new values, and why, a line each; none where the run cannot
     * be planned, which says so when it starts.
     *
     * @param config paths may be relative
     */
    public static List<String> newWeights(RunConfig config, Configuration hadoop) {
        try {
            return NewWeight.lines(
                    plan(RunPaths.absolute(config, hadoop), hadoop).newWeights());
        } catch (RunException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(config.base().model() + " can not be read", e);
        }
    }

    /**
     * What the ranks of a run need.
     *
     * @param config with absolute paths
     */
    public static RunPlan plan(RunConfig config, Configuration hadoop) throws IOException {
        Path local = Files.createTempDirectory("plan-");
        try {
            return RunPlan.of(config, hadoop, local);
        } finally {
            HadoopFiles.deleteLocal(local);
        }
    }
}
