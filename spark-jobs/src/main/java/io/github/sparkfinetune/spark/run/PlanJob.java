package io.github.sparkfinetune.spark.run;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import io.github.sparkfinetune.core.memory.NewWeight;
import io.github.sparkfinetune.core.plan.RankMemory;
import io.github.sparkfinetune.core.plan.RunPlan;
import io.github.sparkfinetune.data.files.AbsolutePaths;
import io.github.sparkfinetune.data.files.HadoopFiles;
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

/**
 * Plans the memory and disk of a training run. No Spark session is started, because a cluster would hold executors for
 * it.
 */
public final class PlanJob {
    private PlanJob() {}

    /**
     * Plan of a run, with the resources under Spark's settings.
     *
     * @param run memory and disk of the ranks
     * @param ranks place of the ranks
     * @param room available memory
     * @param refusal error with which {@code train} would refuse the run, or empty
     */
    public record Plan(RunPlan run, Ranks ranks, Room room, Optional<RunException> refusal) {

        /**
         * Place of the ranks of a run.
         *
         * @param master {@code spark.master}
         * @param count number of ranks that run at once
         * @param slots number of ranks that the settings have room for, or empty if only the cluster knows
         * @param oneProcess whether all ranks are threads of the driver's JVM
         * @param onGpu whether the ranks compute on GPUs, so that the memory is GPU memory
         */
        public record Ranks(String master, int count, OptionalInt slots, boolean oneProcess, boolean onGpu) {}

        /**
         * Memory for the ranks of a run.
         *
         * @param overheadMib {@code spark.executor.memoryOverhead} to set
         * @param executor memory of an executor, or empty if the ranks are in the driver or on GPUs
         * @param machine bytes of this machine's memory, if the ranks are on this machine
         */
        public record Room(long overheadMib, Optional<ExecutorMemory> executor, OptionalLong machine) {}

        /** Returns the bytes that all ranks on one machine take. */
        public long machineNeeds() {
            RankMemory rank = run.memory();
            int count = ranks.count();
            return ranks.oneProcess() ? rank.mostOfProcess(count) : count * rank.mostOfProcess(1);
        }
    }

    /**
     * Plans a run.
     *
     * @param config configuration; its paths may be relative
     * @param master master as in {@link SparkSessions#open}
     * @param settings settings as in {@link SparkSessions#open}
     * @throws RunException if configuration, model and dataset do not fit
     */
    public static Plan run(RunConfig config, String master, Map<String, String> settings) {
        SparkConf spark = SparkSessions.conf(config, "plan", master, settings);
        Configuration hadoop = SparkHadoopUtil.get().newConfiguration(spark);
        Master parsed = Master.parse(spark.get("spark.master"));
        boolean onGpu = ClusterChecks.onGpu(spark, config);
        RunPlan plan;
        try {
            plan = plan(AbsolutePaths.of(config, hadoop), hadoop, onGpu);
        } catch (IOException e) {
            throw new UncheckedIOException(config.model() + " cannot be read", e);
        }
        return new Plan(
                plan,
                new Plan.Ranks(
                        parsed.url(),
                        config.cluster().ranks(),
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
     * Returns the weights of the model's head that begin with new values, and the reason, one line each. Returns an
     * empty list if the run cannot be planned; training then reports the error.
     *
     * @param config configuration; its paths may be relative
     */
    public static List<String> newWeights(RunConfig config, Configuration hadoop) {
        try {
            return NewWeight.lines(
                    plan(AbsolutePaths.of(config, hadoop), hadoop, false).newWeights());
        } catch (RunException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(config.model() + " cannot be read", e);
        }
    }

    /**
     * Returns the memory and disk that the ranks of a run need.
     *
     * @param config configuration with absolute paths
     * @param onGpu whether the ranks compute on GPUs
     */
    public static RunPlan plan(RunConfig config, Configuration hadoop, boolean onGpu) throws IOException {
        Path local = Files.createTempDirectory("plan-");
        try {
            return RunPlan.of(config, hadoop, local, onGpu);
        } finally {
            HadoopFiles.deleteLocal(local);
        }
    }
}
