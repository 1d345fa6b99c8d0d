package io.github.sparkfinetune.spark;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.spark.executor.TaskMetrics;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerStageCompleted;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.StageInfo;
import org.apache.spark.sql.SparkSession;

/**
 * Figures of the stages and tasks that Spark runs for some work.
 *
 * @param stages completed stages
 * @param tasks metrics of the tasks of all stages
 */
public record StageFigures(List<StageInfo> stages, List<TaskMetrics> tasks) {

    /** Runs some work and returns its figures. */
    public static StageFigures of(SparkSession spark, Runnable work) throws Exception {
        Collection<StageInfo> stages = new ConcurrentLinkedQueue<>();
        Collection<TaskMetrics> tasks = new ConcurrentLinkedQueue<>();
        SparkListener listener = new SparkListener() {
            @Override
            public void onStageCompleted(SparkListenerStageCompleted completed) {
                stages.add(completed.stageInfo());
            }

            @Override
            public void onTaskEnd(SparkListenerTaskEnd ended) {
                tasks.add(ended.taskMetrics());
            }
        };
        spark.sparkContext().addSparkListener(listener);
        try {
            work.run();
            spark.sparkContext().listenerBus().waitUntilEmpty(10_000);
        } finally {
            spark.sparkContext().removeSparkListener(listener);
        }
        return new StageFigures(List.copyOf(stages), List.copyOf(tasks));
    }

    /** Returns the number of blocks that tasks fetched from shuffles. Spark does not fetch empty blocks. */
    public long blocks() {
        return tasks.stream()
                .mapToLong(task -> task.shuffleReadMetrics().totalBlocksFetched())
                .sum();
    }

    /** Returns the number of rows that tasks wrote to shuffles. */
    public long shuffledRows() {
        return tasks.stream()
                .mapToLong(task -> task.shuffleWriteMetrics().recordsWritten())
                .sum();
    }

    /** Returns the largest number of rows that a task read from shuffles. */
    public long mostRowsOfATask() {
        return tasks.stream()
                .mapToLong(task -> task.shuffleReadMetrics().recordsRead())
                .max()
                .orElse(0);
    }
}
