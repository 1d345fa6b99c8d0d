package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.DeviceChoice;
import io.github.sparkfinetune.conf.error.RunException;
import java.io.Serializable;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.resource.TaskResourceProfile;
import org.apache.spark.resource.TaskResourceRequests;
import scala.collection.JavaConverters;

/**
 * Resources of each task that computes with a model. On a cluster a task gets all cores of an executor, so that each
 * executor runs one such task. If an executor has several GPUs, each task gets a GPU and an equal share of the cores.
 * In {@code local[N]} each task gets an equal share of the JVM's cores.
 *
 * @param cpus cores that a task requests from Spark, or 0 for Spark's default
 * @param fixedThreads threads of a task, or 0 for one thread per core of the task
 * @param perExecutor most tasks of an executor
 * @param gpu whether a task requests a GPU from Spark
 * @param localGpus GPUs of the JVM of {@code local[N]}, by rank; else empty
 */
public record Placement(int cpus, int fixedThreads, int perExecutor, boolean gpu, List<String> localGpus)
        implements Serializable {
    private static final String GPU = "gpu";

    /**
     * Returns the placement of {@code tasks} concurrent tasks. If only the executors know their cores, the call waits
     * for one executor.
     *
     * @throws RunException if no executor registers within {@code cluster.start_timeout_seconds}
     */
    public static Placement of(SparkContext spark, RunConfig config, int tasks) {
        Master master = Master.parse(spark.master());
        boolean mayUseGpu = config.device() != DeviceChoice.CPU;
        if (master.isLocal()) {
            int threads = Math.max(1, master.cores() / tasks);
            return new Placement(0, threads, tasks, false, mayUseGpu ? localGpus(spark, tasks) : List.of());
        }
        int cores = ClusterChecks.executorCores(spark.getConf(), master);
        if (cores == 0) {
            cores = leastCores(spark, config);
        }
        boolean onGpu = ClusterChecks.onGpu(spark.getConf(), config);
        int gpus = onGpu ? ClusterChecks.ranksPerExecutor(spark.getConf(), config) : 1;
        int executors = Math.max(1, Executors.count(spark));
        int perExecutor = Math.min(Math.min(gpus, cores), (tasks + executors - 1) / executors);
        return new Placement(cores / perExecutor, 0, perExecutor, onGpu, List.of());
    }

    /**
     * Returns the placement of a task that gets one of many cores from Spark, such as a task of a DataFrame, but
     * computes with all of them. The task computes alone in its executor, with all cores. Or it computes on the GPU
     * that Spark assigns, with its share of the cores; then one more task runs on each other GPU of the executor.
     */
    public static Placement ofWholeExecutor(SparkContext spark, RunConfig config) {
        Master master = Master.parse(spark.master());
        int cores = ClusterChecks.executorCores(spark.getConf(), master);
        boolean onGpu = !master.isLocal()
                && ClusterChecks.onGpu(spark.getConf(), config)
                && spark.getConf().contains("spark.task.resource.gpu.amount");
        boolean localGpu = master.isLocal() && config.device() != DeviceChoice.CPU;
        List<String> localGpus = localGpu ? localGpus(spark, 1) : List.of();
        int perExecutor =
                onGpu ? ClusterChecks.ranksPerExecutor(spark.getConf(), config) : Math.max(1, localGpus.size());
        int all = cores == 0 ? leastCores(spark, config) : cores;
        return new Placement(0, Math.max(1, all / perExecutor), perExecutor, onGpu, localGpus);
    }

    private static int leastCores(SparkContext spark, RunConfig config) {
        try {
            Executors.await(spark, config.cluster(), 1);
            return Collections.min(Executors.cores(spark));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw RunException.failed("interrupted while waiting for an executor", e);
        }
    }

    /**
     * Returns the placement of the same tasks on fewer executors, several on each. A task keeps its number of threads,
     * so that it computes the same bits.
     *
     * @param executors number of executors that are left
     * @return empty if the tasks do not fit, because each needs a core, or a GPU
     */
    public Optional<Placement> over(int executors, int tasks) {
        int each = executors < 1 ? Integer.MAX_VALUE : (tasks + executors - 1) / executors;
        if (each <= perExecutor) {
            return Optional.of(this);
        }
        int cores = cpus * perExecutor;
        if (gpu || each > cores) {
            return Optional.empty();
        }
        int fewer = cores / each;
        return Optional.of(new Placement(fewer, cpus, cores / fewer, false, List.of()));
    }

    /** Returns the cores that the tasks of an executor request, or 0 for Spark's default. */
    public int cores() {
        return cpus * perExecutor;
    }

    /** Returns the cores that a number of tasks request. */
    int cores(SparkContext spark, int tasks) {
        return tasks * (cpus == 0 ? spark.getConf().getInt("spark.task.cpus", 1) : cpus);
    }

    /**
     * Refuses a set of executors if one has room for more ranks than the placement plans for it. Spark could then place
     * several ranks on that executor and leave others idle.
     *
     * @throws RunException with the setting that gives all executors the same cores
     */
    public void requireNoRoomForMore(SparkContext spark) {
        if (cpus > 0) {
            requireNoRoomForMore(Executors.cores(spark));
        }
    }

    /** @param cores cores of each executor */
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

    /** Makes the tasks that compute {@code rdd} request this placement. Other stages are not affected. */
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

    /** Returns the threads of PyTorch's operators in a task. */
    public int threads(TaskContext context) {
        return fixedThreads > 0 ? fixedThreads : context.cpus();
    }

    /** Returns the index of a task's GPU, or -1 for the CPU. */
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
            throw RunException.config("Spark's GPU discovery script returned the address '" + address
                    + "', but an index (0, 1, …) is needed: use Spark's own getGpusResources.sh");
        }
    }
}
