package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.RunException;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.status.api.v1.ExecutorSummary;

/** The executors that have registered with the driver. */
public final class Executors {
    /** Bounds the wait for one event: Spark's list of executors is updated by the same events, in no known order. */
    private static final long RECHECK_MILLIS = 200;

    private Executors() {}

    /**
     * Waits until there are executors for all ranks; {@code local[N]} has its one from the start.
     *
     * @throws RunException if they do not register within {@code cluster.start_timeout_seconds}
     */
    public static void await(SparkContext spark, RunConfig config) throws InterruptedException {
        int ranks = config.compute().cluster().ranks();
        int together = ClusterChecks.ranksPerExecutor(spark.getConf(), config);
        int fewest = (ranks + together - 1) / together;
        // Who asked for more has ranks spread over them.
        int asked = spark.getConf().getInt("spark.executor.instances", fewest);
        await(spark, config.compute().cluster(), Math.max(fewest, Math.min(ranks, asked)));
    }

    /** The same for a number of executors. */
    static void await(SparkContext spark, ClusterConfig cluster, int wanted) throws InterruptedException {
        Master master = Master.parse(spark.master());
        if (master.isLocal()) {
            return;
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
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(cluster.startTimeoutSeconds());
            while (count(spark) < wanted) {
                if (System.nanoTime() >= deadline) {
                    throw tooFew(spark, master, cluster, wanted);
                }
                boolean ignored = added.tryAcquire(RECHECK_MILLIS, TimeUnit.MILLISECONDS);
            }
        } finally {
            spark.removeSparkListener(listener);
        }
    }

    /** How many are registered now. */
    public static int count(SparkContext spark) {
        return registered(spark).size();
    }

    /** Cores of the registered executors. */
    static List<Integer> cores(SparkContext spark) {
        return registered(spark).stream().map(ExecutorSummary::totalCores).toList();
    }

    private static List<ExecutorSummary> registered(SparkContext spark) {
        return SparkVersions.executors(spark).stream()
                .filter(executor -> !executor.id().equals("driver"))
                .toList();
    }

    private static RunException tooFew(SparkContext spark, Master master, ClusterConfig cluster, int wanted) {
        String remedy = master.kind() == Master.Kind.STANDALONE
                ? "--conf spark.executor.cores=1 --conf spark.cores.max=" + wanted + " (or more cores an executor)"
                : "--conf spark.executor.instances=" + wanted;
        return RunException.failed(
                count(spark) + " of " + wanted + " executors registered within "
                        + cluster.startTimeoutSeconds() + " s: see that " + master.url() + " has room for " + wanted
                        + ", ask for them with " + remedy + ", or raise cluster.start_timeout_seconds",
                null);
    }
}
