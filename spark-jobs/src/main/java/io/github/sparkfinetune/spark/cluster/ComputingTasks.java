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
 * The tasks of this process that compute with models. A process that ends, by a signal for one, first asks them to stop
 * and waits until they have, so that they leave PyTorch, their peers and their files in order.
 */
public final class ComputingTasks {
    private static final Logger LOG = LoggerFactory.getLogger(ComputingTasks.class);

    /** How long a process that ends waits: for a call of PyTorch to return, and for a checkpoint that is written. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Before Spark's own hook stops the session. */
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
     * @param patience how long {@link #end} waits for the tasks
     * @param stop makes what they compute end with an exception
     */
    ComputingTasks(Duration patience, Runnable stop) {
        this.patience = patience;
        this.stop = stop;
    }

    /** Counts a task as one that computes, until it ends. */
    public static void begin(TaskContext task) {
        OF_THIS_JVM.add(task);
    }

    /** Whether a task is to compute no more: because it is killed, or its process ends. */
    public static boolean isStopped(TaskContext task) {
        return OF_THIS_JVM.stops(task);
    }

    /**
     * Takes note that a task has stopped and let go of what it held. Where the process ends, the task stays here: Spark
     * would give this process again what has failed.
     */
    public static void leave(TaskContext task) {
        OF_THIS_JVM.remain(task);
    }

    /** Rows that end with a {@link TaskKilledException} once the task is to compute no more. */
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
                throw new TaskKilledException("while it computed");
            }

            @Override
            public T next() {
                return rows.next();
            }
        };
    }

    /** Asks all tasks to stop, and waits until they have; returns whether they have. */
    synchronized boolean end() {
        ending = true;
        stop.run();
        awaitUntil(patience, computing::isEmpty);
        if (!computing.isEmpty()) {
            LOG.warn("{} task(s) still compute as the process ends", computing.size());
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
