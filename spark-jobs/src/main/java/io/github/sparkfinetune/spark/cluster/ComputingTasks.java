package io.github.sparkfinetune.spark.cluster;

import io.github.sparkfinetune.core.tensor.Torch;
import io.github.sparkfinetune.core.train.StopRequest;
import java.time.Duration;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
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

    /** Time that an ending process waits for a call of PyTorch to return and for files to be released. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Both times are within the 30 seconds after which Kubernetes kills a process. */
    private static final ComputingTasks OF_THIS_JVM = new ComputingTasks(EndHook.STEP, PATIENCE, Torch::stop);

    static {
        EndHook.add(OF_THIS_JVM::end, EndHook.STEP.plus(PATIENCE).plusSeconds(5));
    }

    private final Duration stepPatience;
    private final Duration patience;
    private final Runnable stop;
    private final Set<Long> computing = new HashSet<>();
    /** Those of the tasks that save their work when they are asked to. */
    private final Set<Long> saving = new HashSet<>();

    private boolean ending;
    private boolean stopping;

    /**
     * @param stepPatience longest wait of {@link #end} for tasks that save their work
     * @param patience longest wait after that for all tasks
     * @param stop makes running computations end with an exception
     */
    ComputingTasks(Duration stepPatience, Duration patience, Runnable stop) {
        this.stepPatience = stepPatience;
        this.patience = patience;
        this.stop = stop;
    }

    /** Registers a task as computing until it ends. */
    public static void begin(TaskContext task) {
        OF_THIS_JVM.add(task);
    }

    /** Registers a task that obeys {@link #request} until it ends. */
    public static void beginSaving(TaskContext task) {
        OF_THIS_JVM.addSaving(task);
    }

    /** Returns whether and when a task must end. */
    public static StopRequest request(TaskContext task) {
        return OF_THIS_JVM.requestTo(task);
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
        if (computing.add(task.taskAttemptId())) {
            task.addTaskCompletionListener((TaskCompletionListener) ended -> remove(ended));
        }
    }

    synchronized void addSaving(TaskContext task) {
        saving.add(task.taskAttemptId());
        add(task);
    }

    private synchronized void remove(TaskContext task) {
        computing.remove(task.taskAttemptId());
        saving.remove(task.taskAttemptId());
        notifyAll();
    }

    private synchronized boolean stops(TaskContext task) {
        return ending || task.isInterrupted();
    }

    synchronized StopRequest requestTo(TaskContext task) {
        if (stopping || task.isInterrupted()) {
            return StopRequest.NOW;
        }
        return ending ? StopRequest.AFTER_STEP : StopRequest.NONE;
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

    /** Asks all tasks to stop, some of them after a step, and waits for them; returns whether all have stopped. */
    synchronized boolean end() {
        ending = true;
        awaitUntil(stepPatience, saving::isEmpty);
        stopping = true;
        stop.run();
        awaitUntil(patience, computing::isEmpty);
        if (!computing.isEmpty()) {
            LOG.warn("{} task(s) still compute while the process ends", computing.size());
        }
        return computing.isEmpty();
    }

    private synchronized void remain(TaskContext task) {
        remove(task);
        awaitUntil(stepPatience.plus(patience.multipliedBy(3)), () -> !ending);
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
