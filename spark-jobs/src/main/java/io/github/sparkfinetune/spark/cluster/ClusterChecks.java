package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.DeviceChoice;
import io.github.sparkfinetune.conf.error.RunException;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.SparkConf;

/** Checks of Spark's settings before a training run starts anything. */
public final class ClusterChecks {
    private ClusterChecks() {}

    /**
     * Refuses settings under which a training run can never start.
     *
     * @throws RunException with the setting to change, if a barrier stage of {@code cluster.ranks} ranks on the chosen
     *     device can never start under these settings
     */
    public static void check(SparkConf spark, RunConfig config) {
        Master master = Master.parse(spark.get("spark.master"));
        int ranks = config.cluster().ranks();
        if (spark.getBoolean("spark.dynamicAllocation.enabled", false)) {
            throw RunException.config("spark.dynamicAllocation.enabled is true, but the ranks of a training run need"
                    + " their executors all at once: add --conf spark.dynamicAllocation.enabled=false and --conf"
                    + " spark.executor.instances=" + ranks);
        }
        checkSlots(spark, master, config);
        if (config.device() == DeviceChoice.GPU) {
            checkGpu(spark, master, ranks);
        }
    }

    private static void checkSlots(SparkConf spark, Master master, RunConfig config) {
        int ranks = config.cluster().ranks();
        int perExecutor = ranksPerExecutor(spark, config);
        for (Slots slots : slots(spark, master, config)) {
            if (ranks > slots.count()) {
                throw RunException.config("cluster.ranks is " + ranks + ", but " + slots.setting() + " has room for "
                        + slots.count() + " ("
                        + (perExecutor == 1 ? "one rank an executor" : perExecutor + " ranks an executor, one a GPU")
                        + "): use " + slots.remedy() + ", or cluster.ranks=" + Math.max(1, slots.count()));
            }
        }
    }

    /**
     * Limit on the number of ranks.
     *
     * @param count largest number of ranks
     * @param setting setting that limits the ranks
     * @param remedy change that raises the limit
     */
    public record Slots(int count, String setting, String remedy) {}

    /** Returns the limits on the ranks under these settings; empty if only the cluster knows its size. */
    public static List<Slots> slots(SparkConf spark, Master master, RunConfig config) {
        int executorCores = executorCores(spark, master);
        int ranks = config.cluster().ranks();
        int perExecutor = ranksPerExecutor(spark, config);
        int executors = (ranks + perExecutor - 1) / perExecutor;
        return switch (master.kind()) {
            case LOCAL ->
                List.of(new Slots(
                        master.cores() / spark.getInt("spark.task.cpus", 1),
                        "spark.master=" + master.url(),
                        "--master local[" + ranks + "]"));
            case LOCAL_CLUSTER -> {
                if (executorCores > master.cores()) {
                    throw RunException.config("spark.executor.cores is " + executorCores + ", but the workers of "
                            + master.url() + " have " + master.cores() + ": lower it, or give the workers more cores");
                }
                List<Slots> all = new ArrayList<>();
                int room = master.workers() * (master.cores() / executorCores);
                all.add(new Slots(
                        room * perExecutor, "spark.master=" + master.url(), "more workers in local-cluster[...]"));
                all.addAll(ofCores(spark, executors, perExecutor, executorCores));
                yield all;
            }
            case STANDALONE -> ofCores(spark, executors, perExecutor, Math.max(1, executorCores));
            case OTHER -> {
                int instances = spark.getInt("spark.executor.instances", 2);
                yield List.of(new Slots(
                        instances * perExecutor,
                        "spark.executor.instances=" + instances,
                        "--conf spark.executor.instances=" + executors));
            }
        };
    }

    private static List<Slots> ofCores(SparkConf spark, int executors, int perExecutor, int executorCores) {
        if (!spark.contains("spark.cores.max")) {
            return List.of();
        }
        int cores = spark.getInt("spark.cores.max", 0);
        return List.of(new Slots(
                cores / executorCores * perExecutor,
                "spark.cores.max=" + cores + " with " + executorCores + " core(s) an executor",
                "--conf spark.cores.max=" + executors * executorCores));
    }

    private static void checkGpu(SparkConf spark, Master master, int ranks) {
        String who = master.isLocal() ? "driver" : "executor";
        int needed = master.isLocal() ? ranks : 1;
        String key = "spark." + who + ".resource.gpu.";
        int amount = spark.getInt(key + "amount", 0);
        if (amount < needed) {
            throw RunException.config("device is gpu, but " + key + "amount is " + amount + ": add --conf " + key
                    + "amount=" + needed + " and --conf " + key + "discoveryScript=PATH/getGpusResources.sh"
                    + (master.kind() == Master.Kind.STANDALONE
                            ? " (and spark.worker.resource.gpu.* to the workers)"
                            : "")
                    + ", or use device=cpu");
        }
        int cores = executorCores(spark, master);
        if (!master.isLocal() && cores > 0 && cores < amount) {
            throw RunException.config(key + "amount is " + amount + ", but an executor has " + cores
                    + " core(s), and each GPU's rank needs one: add --conf spark.executor.cores=" + amount
                    + ", or ask for fewer GPUs");
        }
    }

    /**
     * Returns the largest number of ranks of an executor: one per GPU if Spark gives an executor several GPUs, else
     * one.
     */
    static int ranksPerExecutor(SparkConf spark, RunConfig config) {
        return onGpu(spark, config) && !Master.parse(spark.get("spark.master")).isLocal()
                ? spark.getInt("spark.executor.resource.gpu.amount", 1)
                : 1;
    }

    /** Returns whether the ranks compute on GPUs that Spark assigns. */
    public static boolean onGpu(SparkConf spark, RunConfig config) {
        String who = Master.parse(spark.get("spark.master")).isLocal() ? "driver" : "executor";
        return config.device() != DeviceChoice.CPU && spark.getInt("spark." + who + ".resource.gpu.amount", 0) > 0;
    }

    /** Returns the cores of an executor under these settings; 0 if only the cluster knows its cores. */
    public static int executorCores(SparkConf spark, Master master) {
        return switch (master.kind()) {
            case LOCAL -> master.cores();
            case LOCAL_CLUSTER -> spark.getInt("spark.executor.cores", master.cores());
            case STANDALONE -> spark.getInt("spark.executor.cores", 0);
            case OTHER -> spark.getInt("spark.executor.cores", 1);
        };
    }
}
