package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.core.tensor.Torch;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;
import org.apache.spark.util.TaskCompletionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tasks of this process that compute with models. When the process ends, for example by a signal, it first asks the
 * tasks to stop and waits for them. The tasks then leave PyTorch, their peers and their files in order.
 */
public final class ComputingTasks {
    private static final Logger LOG = LoggerFactory.getLogger(ComputingTasks.class);

    /** Time that an ending process waits for a call of PyTorch to return and for a checkpoint to be written. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Runs before Spark's own hook stops the session. */
    private static final int PRIORITY = FileSystem.SHUTDOWN_HOOK_PRIORITY + 100;

    private static final ComputingTasks OF_THIS_JVM = new ComputingTasks(PATIENCE, Torch::stop);

    static {
        ShutdownHookManager.get()
                .addShutdownHook(
                        OF_THIS_JVM::end, PRIORITY, PATIENCE.plusSeconds(5).toSeconds(), TimeUnit.SECONDS);
    }

    private final Duration patience;
    private final Runnable stop;
    private final Set<Long> computing = new HashSet<>();
    private boolean ending;

    /**
     * @param patience longest wait of {@link #end} for the tasks
     * @param stop makes running computations end with an exception
     */
    ComputingTasks(Duration patience, Runnable stop) {
        this.patience = patience;
        this.stop = stop;
    }

    /** Registers a task as computing until it ends. */
    public static void begin(TaskContext task) {
        OF_THIS_JVM.add(task);
    }

    /** Returns whether a task must stop computing: it is killed, or its process ends. */
    public static boolean isStopped(TaskContext task) {
        return OF_THIS_JVM.stops(task);
    }

    /**
     * Unregisters a task that has stopped and released its resources. If the process ends, the call blocks for a while:
     * otherwise Spark would schedule the failed task on this process again.
     */
    public static void leave(TaskContext task) {
        OF_THIS_JVM.remain(task);
    }

    /** Returns rows that end with a {@link TaskKilledException} when the task must stop computing. */
    public static <T> Iterator<T> rows(TaskContext task, Iterator<T> rows) {
        return OF_THIS_JVM.whileComputing(task, rows);
    }

    synchronized void add(TaskContext task) {
        computing.add(task.taskAttemptId());
        task.addTaskCompletionListener((TaskCompletionListener) ended -> remove(ended));
    }

    private synchronized void remove(TaskContext task) {
        computing.remove(task.taskAttemptId());
        notifyAll();
    }

    private synchronized boolean stops(TaskContext task) {
        return ending || task.isInterrupted();
    }

    <T> Iterator<T> whileComputing(TaskContext task, Iterator<T> rows) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                try {
                    if (!stops(task)) {
                        return rows.hasNext();
                    }
                } catch (RuntimeException e) {
                    if (!stops(task)) {
                        throw e;
                    }
                }
                remain(task);
                throw new TaskKilledException("while the task computed");
            }

            @Override
            public T next() {
                return rows.next();
            }
        };
    }

    /** Asks all tasks to stop, and waits for them; returns whether all have stopped. */
    synchronized boolean end() {
        ending = true;
        stop.run();
        awaitUntil(patience, computing::isEmpty);
        if (!computing.isEmpty()) {
            LOG.warn("{} task(s) still compute while the process ends", computing.size());
        }
        return computing.isEmpty();
    }

    private synchronized void remain(TaskContext task) {
        remove(task);
        awaitUntil(patience.multipliedBy(3), () -> !ending);
    }

    private void awaitUntil(Duration longest, BooleanSupplier condition) {
        long deadline = System.nanoTime() + longest.toNanos();
        try {
            for (long left = longest.toNanos();
                    left > 0 && !condition.getAsBoolean();
                    left = deadline - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
