package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.DeviceChoice;
import io.github.sparkfinetune.conf.RunException;
import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.resource.TaskResourceProfile;
import org.apache.spark.resource.TaskResourceRequests;
import scala.collection.JavaConverters;

/**
 * What each task that computes with a model gets: on a cluster a whole executor's cores, so that there is one such task
 * an executor, or, where an executor has several GPUs, a GPU and its share of the cores; in {@code local[N]} an equal
 * share of the JVM's cores.
 *
 * @param cpus cores a task asks Spark for, or 0 where it takes Spark's default
 * @param localThreads threads of a task, or 0 where they are the task's cores
 * @param perExecutor the most tasks of an executor
 * @param gpu whether a task asks Spark for a GPU
 * @param localGpus GPUs of the one JVM of {@code local[N]}, by rank; empty elsewhere
 */
public record Placement(int cpus, int localThreads, int perExecutor, boolean gpu, List<String> localGpus)
        implements Serializable {
    private static final String GPU = "gpu";

    /**
     * The placement of {@code tasks} tasks at once. Where only the executors know their cores, waits for one.
     *
     * @throws RunException if none registers within {@code cluster.start_timeout_seconds}
     */
    public static Placement of(SparkContext spark, RunConfig config, int tasks) {
        Master master = Master.parse(spark.master());
        boolean wantsGpu = config.compute().device() != DeviceChoice.CPU;
        if (master.isLocal()) {
            int threads = Math.max(1, master.cores() / tasks);
            return new Placement(0, threads, tasks, false, wantsGpu ? localGpus(spark, tasks) : List.of());
        }
        int cores = ClusterChecks.executorCores(spark.getConf(), master);
        if (cores == 0) {
            cores = leastCores(spark, config);
        }
        boolean onGpu = ClusterChecks.onGpu(spark.getConf(), config);
        int gpus = onGpu ? ClusterChecks.ranksPerExecutor(spark.getConf(), config) : 1;
        int executors = Math.max(1, Executors.count(spark));
        int together = Math.min(Math.min(gpus, cores), (tasks + executors - 1) / executors);
        return new Placement(cores / together, 0, together, onGpu, List.of());
    }

    /**
     * The placement of a task that Spark gives one core of many, as of a DataFrame's, but that computes alone in its
     * executor, with all cores; or on the GPU that Spark gives it, beside one task on each other GPU of the executor,
     * with its share of the cores.
     */
    public static Placement ofWholeExecutor(SparkContext spark, RunConfig config) {
        Master master = Master.parse(spark.master());
        int cores = ClusterChecks.executorCores(spark.getConf(), master);
        boolean onGpu = !master.isLocal()
                && ClusterChecks.onGpu(spark.getConf(), config)
                && spark.getConf().contains("spark.task.resource.gpu.amount");
        boolean localGpu = master.isLocal() && config.compute().device() != DeviceChoice.CPU;
        List<String> localGpus = localGpu ? localGpus(spark, 1) : List.of();
        int together = onGpu ? ClusterChecks.ranksPerExecutor(spark.getConf(), config) : Math.max(1, localGpus.size());
        int all = cores == 0 ? leastCores(spark, config) : cores;
        return new Placement(0, Math.max(1, all / together), together, onGpu, localGpus);
    }

    private static int leastCores(SparkContext spark, RunConfig config) {
        try {
            Executors.await(spark, config.compute().cluster(), 1);
            return Collections.min(Executors.cores(spark));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RunException.failed("interrupted while waiting for an executor", e);
        }
    }

    /**
     * Refuses executors of which one has room for more ranks than are meant for it: Spark could place several there and
     * leave others idle.
     *
     * @throws RunException with the setting that makes executors alike
     */
    public void requireNoRoomForMore(SparkContext spark) {
        if (cpus > 0) {
            requireNoRoomForMore(Executors.cores(spark));
        }
    }

    /** @param cores of the executors */
    void requireNoRoomForMore(List<Integer> cores) {
        int most = Collections.max(cores);
        if (!gpu && most / cpus > perExecutor) {
            throw RunException.config("executors have from " + Collections.min(cores) + " to " + most
                    + " cores, so that ranks would share one and leave others idle: add --conf spark.executor.cores="
                    + cpus * perExecutor);
        }
    }

    private static List<String> localGpus(SparkContext spark, int tasks) {
        ResourceInformation gpus =
                JavaConverters.mapAsJavaMap(spark.resources()).get(GPU);
        if (gpus == null || gpus.addresses().length < tasks) {
            return List.of();
        }
        return List.of(gpus.addresses());
    }

    /** Makes the tasks that compute {@code rdd} ask for this placement; other stages are not affected. */
    public <T> RDD<T> place(RDD<T> rdd) {
        if (cpus == 0) {
            return rdd;
        }
        TaskResourceRequests requests = new TaskResourceRequests().cpus(cpus);
        if (gpu) {
            requests.resource(GPU, 1);
        }
        return rdd.withResources(new TaskResourceProfile(requests.requests()));
    }

    /** Threads of PyTorch's operators in a task. */
    public int threads(TaskContext context) {
        return localThreads > 0 ? localThreads : context.cpus();
    }

    /** Index of the GPU of a task, or -1 for the CPU. */
    public int gpu(TaskContext context) {
        String address;
        if (gpu) {
            address = context.resourcesJMap().get(GPU).addresses()[0];
        } else if (!localGpus.isEmpty()) {
            address = localGpus.get(context.partitionId() % localGpus.size());
        } else {
            return -1;
        }
        try {
            return Integer.parseInt(address);
        } catch (NumberFormatException e) {
            throw RunException.config("Spark's GPU discovery script gave the address '" + address
                    + "', but an index (0, 1, …) is needed: use Spark's own getGpusResources.sh");
        }
    }
}
