package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Lets one task of this JVM compute with models at a time, with all its cores, until it ends; on GPUs one a GPU, each
 * with its share of the cores. Where Spark starts a task a core, as many copies of a model would be loaded otherwise. A
 * task may compute with several models.
 */
final class ComputeTurn {
    /** How soon a task that waits notices that it is killed. */
    private static final long LOOK_MILLIS = 200;

    private static final ComputeTurn OF_THIS_JVM = new ComputeTurn();

    /** By device, attempts of the tasks that compute. */
    private final Map<Integer, Long> owners = new HashMap<>();

    /**
     * Waits until no other task computes on a device; the turn ends with the task.
     *
     * @param gpu index of the GPU, or -1 for the processor
     */
    static void take(TaskContext task, int gpu) {
        OF_THIS_JVM.await(task, gpu);
    }

    synchronized void await(TaskContext task, int gpu) {
        long attempt = task.taskAttemptId();
        if (owners.getOrDefault(gpu, -1L) == attempt) {
            return;
        }
        try {
            while (owners.containsKey(gpu)) {
                if (ComputingTasks.isStopped(task)) {
                    throw new TaskKilledException("while another task computed");
                }
                wait(LOOK_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TaskKilledException("while another task computed");
        }
        owners.put(gpu, attempt);
        task.addTaskCompletionListener((TaskCompletionListener) ended -> give(gpu));
    }

    private synchronized void give(int gpu) {
        owners.remove(gpu);
        notifyAll();
    }
}
