package io.github.sparkfinetune.job.session;

import java.util.Arrays;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkJobInfo;
import org.apache.spark.SparkStageInfo;
import org.apache.spark.SparkStatusTracker;
import scala.Option;

/**
 * A step in progress: its thread, and the Spark jobs that the thread starts. A tag marks the jobs, because some steps
 * set job groups of their own.
 *
 * @param tag tag of the jobs, which no other step has
 */
record RunningStep(SparkContext spark, Thread thread, String tag) {

    /**
     * Starts a step in the calling thread.
     *
     * @param description what Spark's UI shows for the jobs
     */
    static RunningStep start(SparkContext spark, String description) {
        RunningStep step = new RunningStep(spark, Thread.currentThread(), "finetune-" + UUID.randomUUID());
        spark.setJobGroup(step.tag, description, true);
        spark.addJobTag(step.tag);
        return step;
    }

    /** Ends the step; its thread calls this. */
    void end() {
        spark.removeJobTag(tag);
        spark.clearJobGroup();
    }

    /** Interrupts the step's thread and cancels the step's jobs. */
    void cancel() {
        // First, because a thread whose job has failed writes files, which an interrupt would fail.
        thread.interrupt();
        spark.cancelJobsWithTag(tag);
    }

    /** Returns the completed share of the tasks of the step's active stages, 0 if there are none. */
    double share() {
        SparkStatusTracker tracker = spark.statusTracker();
        Set<Integer> active = Arrays.stream(tracker.getActiveStageIds()).boxed().collect(Collectors.toSet());
        int tasks = 0;
        int completed = 0;
        for (int job : tracker.getJobIdsForTag(tag)) {
            Option<SparkJobInfo> info = tracker.getJobInfo(job);
            for (int id : info.isEmpty() ? new int[0] : info.get().stageIds()) {
                Option<SparkStageInfo> stage = active.contains(id) ? tracker.getStageInfo(id) : Option.empty();
                if (stage.nonEmpty()) {
                    tasks += stage.get().numTasks();
                    completed += stage.get().numCompletedTasks();
                }
            }
        }
        return tasks == 0 ? 0 : (double) completed / tasks;
    }
}
