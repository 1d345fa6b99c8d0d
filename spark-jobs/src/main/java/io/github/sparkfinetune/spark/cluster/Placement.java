package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunConfig.DeviceChoice;
import io.github.sparkfinetune.conf.RunException;
import java.io.Serializable;
import java.util.List;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.resource.ResourceInformation;
import org.apache.spark.resource.TaskResourceProfile;
import org.apache.spark.resource.TaskResourceRequests;
import scala.collection.JavaConverters;

/**
 * What each task that computes with a model gets: on a cluster a whole executor's cores and one of its GPUs, so that
 * there is one such task an executor; in {@code local[N]} an equal share of the JVM's cores.
 *
 * @param cpus cores a task asks Spark for, or 0 where it takes Spark's default
 * @param localThreads threads of a task, or 0 where they are the task's cores
 * @param gpu whether a task asks Spark for a GPU
 * @param localGpus GPUs of the one JVM of {@code local[N]}, by rank; empty elsewhere
 */
public record Placement(int cpus, int localThreads, boolean gpu, List<String> localGpus) implements Serializable {
    private static final String GPU = "gpu";

    /** The placement of {@code tasks} tasks at once; where only the executors know their cores, one must be there. */
    public static Placement of(SparkContext spark, RunConfig config, int tasks) {
        Master master = Master.parse(spark.master());
        boolean wantsGpu = config.device() != DeviceChoice.CPU;
        if (master.isLocal()) {
            int threads = Math.max(1, master.cores() / tasks);
            return new Placement(0, threads, false, wantsGpu ? localGpus(spark, tasks) : List.of());
        }
        int cores = ClusterChecks.executorCores(spark.getConf(), master);
        if (cores == 0) {
            cores = Executors.leastCores(spark);
        }
        boolean hasGpu = spark.getConf().getInt("spark.executor.resource.gpu.amount", 0) > 0;
        return new Placement(cores, 0, wantsGpu && hasGpu, List.of());
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
