package io.github.sparkfinetune.spark.model;

import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import java.util.HashMap;
import java.util.Map;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Turns of the tasks of this JVM that compute with models. One task computes at a time, with all cores of the JVM,
 * until it ends. On GPUs one task computes per GPU, with its share of the cores. Spark starts a task per core, and
 * without turns each task would load a copy of the model. A task may compute with several models.
 */
public final class ComputeTurn {
    /** Interval in which a waiting task checks whether it is killed. */
    private static final long CHECK_MILLIS = 200;

    private static final ComputeTurn OF_THIS_JVM = new ComputeTurn();

    /** Attempt of the computing task, by device. */
    private final Map<Integer, Long> owners = new HashMap<>();

    /**
     * Waits until no other task computes on a device. The turn ends with the task.
     *
     * @param gpu index of the GPU, or -1 for the CPU
     */
    public static void take(TaskContext task, int gpu) {
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
                wait(CHECK_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TaskKilledException("while another task computed");
        }
        owners.put(gpu, attempt);
        task.addTaskCompletionListener((TaskCompletionListener) ended -> release(gpu));
    }

    private synchronized void release(int gpu) {
        owners.remove(gpu);
        notifyAll();
    }
}
