package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.conf.ClusterConfig;
import io.github.sparkfinetune.conf.RunException;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorAdded;
import org.apache.spark.status.api.v1.ExecutorSummary;
import scala.collection.JavaConverters;

/** The executors that have registered with the driver. */
public final class Executors {
    /** Bounds the wait for one event: Spark's list of executors is updated by the same events, in no known order. */
    private static final long RECHECK_MILLIS = 200;

    private Executors() {}

    /**
     * Waits until there is an executor for every rank; {@code local[N]} has its one from the start.
     *
     * @throws RunException if they do not register within {@code cluster.start_timeout_seconds}
     */
    public static void await(SparkContext spark, ClusterConfig cluster) throws InterruptedException {
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
            while (count(spark) < cluster.ranks()) {
                if (System.nanoTime() >= deadline) {
                    throw tooFew(spark, master, cluster);
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

    /** Fewest cores of a registered executor, or 0 where there is none. */
    static int leastCores(SparkContext spark) {
        return registered(spark).stream()
                .mapToInt(ExecutorSummary::totalCores)
                .min()
                .orElse(0);
    }

    private static List<ExecutorSummary> registered(SparkContext spark) {
        return JavaConverters.seqAsJavaList(spark.statusStore().executorList(true)).stream()
                .filter(executor -> !executor.id().equals("driver"))
                .toList();
    }

    private static RunException tooFew(SparkContext spark, Master master, ClusterConfig cluster) {
        int ranks = cluster.ranks();
        String remedy = master.kind() == Master.Kind.STANDALONE
                ? "--conf spark.executor.cores=1 --conf spark.cores.max=" + ranks + " (or more cores an executor)"
                : "--conf spark.executor.instances=" + ranks;
        return RunException.failed(
                count(spark) + " of " + ranks + " executors registered within "
                        + cluster.startTimeoutSeconds() + " s: see that " + master.url() + " has room for " + ranks
                        + ", ask for them with " + remedy + ", or raise cluster.start_timeout_seconds",
                null);
    }
}
