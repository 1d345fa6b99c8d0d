package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.error.RunException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.status.api.v1.ExecutorSummary;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Executors that have registered with the driver and are not decommissioned. */
public final class Executors {
    /** Longest wait for one event. The same events update Spark's list of executors, in unknown order. */
    private static final long RECHECK_MILLIS = 200;

    private static final Logger LOG = LoggerFactory.getLogger(Executors.class);

    /** Executors that a session requests after it has given some back. */
    private static final Map<SparkContext, Integer> LEFT = new WeakHashMap<>();

    private Executors() {}

    /**
     * Waits until executors for all ranks have registered. With {@code local[N]} the only executor exists from the
     * start.
     *
     * @throws RunException if the executors do not register within {@code cluster.start_timeout_seconds}
     */
    public static void await(SparkContext spark, RunConfig config) throws InterruptedException {
        int ranks = config.cluster().ranks();
        int perExecutor = ClusterChecks.ranksPerExecutor(spark.getConf(), config);
        int fewest = (ranks + perExecutor - 1) / perExecutor;
        // A user who requests more executors gets the ranks spread over them.
        int instances = spark.getConf().getInt("spark.executor.instances", fewest);
        await(spark, config.cluster(), Math.max(fewest, Math.min(ranks, instances)));
    }

    /** Waits until a number of executors have registered. */
    static void await(SparkContext spark, ClusterConfig cluster, int needed) throws InterruptedException {
        if (!await(spark, needed, Duration.ofSeconds(cluster.startTimeoutSeconds()))) {
            throw tooFew(spark, Master.parse(spark.master()), cluster, needed);
        }
    }

    /** Waits until a number of executors have registered; returns false if they do not register in time. */
    public static boolean await(SparkContext spark, int needed, Duration time) throws InterruptedException {
        if (Master.parse(spark.master()).isLocal()) {
            return true;
        }
        Semaphore added = new Semaphore(0);
        SparkListener listener = new SparkListener() {
            @Override
            public void onExecutorAdded(SparkListenerExecutorAdded event) {
                added.release();
            }
        };
        spark.addSparkListener(listener);
        try {
            long deadline = System.nanoTime() + time.toNanos();
            while (count(spark) < needed) {
                if (System.nanoTime() >= deadline) {
                    return false;
                }
                boolean ignored = added.tryAcquire(RECHECK_MILLIS, TimeUnit.MILLISECONDS);
            }
            return true;
        } finally {
            spark.removeSparkListener(listener);
        }
    }

    /** Returns whether Spark has decommissioned an executor: it still runs its tasks, but gets no others. */
    public static boolean isDecommissioned(SparkContext spark, String executor) {
        return spark.taskScheduler().getExecutorDecommissionState(executor).isDefined();
    }

    /**
     * Returns whether an executor can take the place of one in use: it is free, has enough cores, and the session may
     * give executors back.
     *
     * @param used executors in use
     * @param cores cores that an executor needs
     */
    public static boolean canReplace(SparkContext spark, Set<String> used, int cores) {
        return !spark.getConf().getBoolean("spark.dynamicAllocation.enabled", false)
                && registered(spark).stream()
                        .anyMatch(executor -> !used.contains(executor.id())
                                && executor.activeTasks() == 0
                                && executor.totalCores() >= cores);
    }

    /**
     * Gives an executor back to the cluster, and asks for no other one in its place. The cluster still replaces each of
     * the others when it is lost. Spark itself would ask for no executor at all from then on, because it has not
     * counted the executors that it requested at its start.
     */
    public static void release(SparkContext spark, String executor) {
        int left;
        synchronized (LEFT) {
            int before = LEFT.getOrDefault(
                    spark, Math.max(count(spark), spark.getConf().getInt("spark.executor.instances", 0)));
            left = before - 1;
            LEFT.put(spark, left);
        }
        // Spark subtracts the executor that it kills.
        boolean requested = spark.requestTotalExecutors(
                left + 1, 0, scala.collection.immutable.Map$.MODULE$.<String, Object>empty());
        if (requested && spark.killExecutor(executor)) {
            LOG.info("executor {} is given back", executor);
        } else {
            LOG.warn("executor {} cannot be given back: ranks may return to it", executor);
        }
    }

    /** Returns the number of executors that get tasks. */
    public static int count(SparkContext spark) {
        return registered(spark).size();
    }

    /** Returns the cores of each registered executor, or of this JVM with {@code local[N]}. */
    static List<Integer> cores(SparkContext spark) {
        Master master = Master.parse(spark.master());
        return master.isLocal()
                ? List.of(master.cores())
                : registered(spark).stream().map(ExecutorSummary::totalCores).toList();
    }

    /**
     * Returns whether enough executors have registered, and some of them compute for other jobs. Then ranks that do not
     * run wait for these jobs.
     *
     * @param needed executors that the ranks need
     */
    public static boolean areBusy(SparkContext spark, int needed) {
        List<ExecutorSummary> executors =
                Master.parse(spark.master()).isLocal() ? SparkVersions.executors(spark) : registered(spark);
        return executors.size() >= needed && executors.stream().anyMatch(executor -> executor.activeTasks() > 0);
    }

    private static List<ExecutorSummary> registered(SparkContext spark) {
        return SparkVersions.executors(spark).stream()
                .filter(executor -> !executor.id().equals("driver") && !isDecommissioned(spark, executor.id()))
                .toList();
    }

    private static RunException tooFew(SparkContext spark, Master master, ClusterConfig cluster, int needed) {
        String remedy = master.kind() == Master.Kind.STANDALONE
                ? "--conf spark.executor.cores=1 --conf spark.cores.max=" + needed + " (or more cores an executor)"
                : "--conf spark.executor.instances=" + needed;
        return RunException.failed(
                count(spark) + " of " + needed + " executors registered within "
                        + cluster.startTimeoutSeconds() + " s: check that " + master.url() + " has room for " + needed
                        + ", request them with " + remedy + ", or raise cluster.start_timeout_seconds",
                null);
    }
}
