package io.github.sparkfinetune.spark.prepare;

import java.time.Duration;
import java.util.Arrays;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkStatusTracker;

/** The Spark jobs of this thread and those that it starts, which are cancelled together. */
final class JobGroup implements AutoCloseable {
    private static final long POLL_MILLIS = 100;

    private final SparkContext spark;
    private final String id;

    JobGroup(SparkContext spark, String id, String description) {
        this.spark = spark;
        this.id = id;
        spark.setJobGroup(id, description, true);
    }

    /** Ends the jobs that run; their tasks are interrupted. */
    void cancel() {
        spark.cancelJobGroup(id);
    }

    /**
     * Waits for the tasks of ended jobs to end.
     *
     * @return whether they did in that time
     */
    boolean awaitTasks(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        try {
            // What the tracker says lags behind by the events under way.
            Thread.sleep(POLL_MILLIS);
            while (hasTasks()) {
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

    private boolean hasTasks() {
        SparkStatusTracker tracker = spark.statusTracker();
        return Arrays.stream(tracker.getJobIdsForGroup(id))
                .mapToObj(tracker::getJobInfo)
                .filter(job -> job.isDefined())
                .flatMapToInt(job -> Arrays.stream(job.get().stageIds()))
                .mapToObj(tracker::getStageInfo)
                .anyMatch(stage -> stage.isDefined() && stage.get().numActiveTasks() > 0);
    }

    @Override
    public void close() {
        spark.clearJobGroup();
    }
}
