package io.github.sparkfinetune.spark.predict;

import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.util.TaskCompletionListener;

/**
 * Lets one task of this JVM compute with models at a time, with all its cores, until it ends: where Spark starts a task
 * a core, as many copies of a model would be loaded otherwise. A task may compute with several models.
 */
final class ComputeTurn {
    /** How soon a task that waits notices that it is killed. */
    private static final long LOOK_MILLIS = 200;

    private static final ComputeTurn OF_THIS_JVM = new ComputeTurn();

    private Long owner;

    /** Waits until no other task computes; the turn ends with the task. */
    static void take(TaskContext task) {
        OF_THIS_JVM.await(task);
    }

    private synchronized void await(TaskContext task) {
        long attempt = task.taskAttemptId();
        if (owner != null && owner == attempt) {
            return;
        }
        try {
            while (owner != null) {
                if (task.isInterrupted()) {
                    throw new TaskKilledException("while another task computed");
                }
                wait(LOOK_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new TaskKilledException("while another task computed");
        }
        owner = attempt;
        task.addTaskCompletionListener((TaskCompletionListener) ended -> give());
    }

    private synchronized void give() {
        owner = null;
        notifyAll();
    }
}
