package io.github.sparkfinetune.spark.cluster;

import java.time.Duration;
import java.util.Arrays;
import org.apache.spark.JobExecutionStatus;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkJobInfo;
import org.apache.spark.SparkStatusTracker;

/** Spark jobs of this thread and of the threads that it starts, which are cancelled together. */
public final class JobGroup implements AutoCloseable {
    private static final long POLL_MILLIS = 100;

    private final SparkContext spark;
    private final String id;

    public JobGroup(SparkContext spark, String id, String description) {
        this.spark = spark;
        this.id = id;
        spark.setJobGroup(id, description, true);
    }

    /** Cancels the running jobs and interrupts their tasks. */
    public void cancel() {
        spark.cancelJobGroup(id);
    }

    /**
     * Waits for the tasks of cancelled jobs to end.
     *
     * @return whether the tasks ended in time
     */
    public boolean awaitTasks(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        try {
            while (isBusy()) {
                if (System.nanoTime() > end) {
                    return false;
                }
                Thread.sleep(POLL_MILLIS);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private boolean isBusy() {
        SparkStatusTracker tracker = spark.statusTracker();
        return Arrays.stream(tracker.getJobIdsForGroup(id))
                .mapToObj(tracker::getJobInfo)
                .filter(job -> job.isDefined())
                .map(job -> job.get())
                // A job ends for the tracker after all its tasks have begun: before that their number may lag behind.
                .anyMatch(job -> job.status() == JobExecutionStatus.RUNNING || hasTasks(tracker, job));
    }

    private static boolean hasTasks(SparkStatusTracker tracker, SparkJobInfo job) {
        return Arrays.stream(job.stageIds())
                .mapToObj(tracker::getStageInfo)
                .anyMatch(stage -> stage.isDefined() && stage.get().numActiveTasks() > 0);
    }

    @Override
    public void close() {
        spark.clearJobGroup();
    }
}
