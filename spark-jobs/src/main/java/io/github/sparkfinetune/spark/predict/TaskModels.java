package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.data.hf.LocalDir;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import org.apache.spark.util.TaskFailureListener;

/** Models of all kinds that the tasks of this JVM have loaded: a task takes one, and gives it back when it ends. */
public final class TaskModels {
    /** Longer than the pauses between the jobs of a command, and between the batches of most streams. */
    private static final HeldModels<Object, Loaded<?>> HELD = new HeldModels<>(Duration.ofMinutes(1));

    private TaskModels() {}

    /**
     * A model and the folder with its copy, if it has one.
     *
     * @param closer closes the model
     */
    record Loaded<M>(Object key, M model, LocalDir.Held copy, Consumer<M> closer) implements AutoCloseable {
        @Override
        public void close() {
            try {
                closer.accept(model);
            } finally {
                copy.close();
            }
        }
    }

    /** Loads a model. */
    interface Loader<M> {
        /**
         * Loads it.
         *
         * @param localDir gets copies of folders on other machines
         */
        M load(Path localDir) throws Exception;
    }

    /** How many models this JVM has loaded. */
    public static long loads() {
        return HELD.loads();
    }

    /**
     * A model for the caller alone, who gives it back or closes it.
     *
     * @param key the same for what one loader loads: a model that is held under it is not loaded again
     */
    @SuppressWarnings("unchecked")
    static <M> Loaded<M> take(Object key, Loader<M> loader, Consumer<M> closer) throws Exception {
        return (Loaded<M>) HELD.take(key, () -> {
            LocalDir.Held copy = LocalDir.in(LocalDirs.first(SparkEnv.get())).own();
            try {
                return new Loaded<>(key, loader.load(copy.path()), copy, closer);
            } catch (Exception e) {
                copy.close();
                throw e;
            }
        });
    }

    /** Holds one that was taken. */
    static void give(Loaded<?> loaded) {
        HELD.give(loaded.key(), loaded);
    }

    /** Holds one that was taken when the task ends, or closes it when the task fails. */
    static void giveAtEnd(TaskContext context, Loaded<?> loaded) {
        // Of a task that failed nobody knows what it left behind.
        AtomicBoolean failed = new AtomicBoolean();
        context.addTaskFailureListener((TaskFailureListener) (task, error) -> failed.set(true));
        context.addTaskCompletionListener((TaskCompletionListener) task -> {
            if (failed.get() || task.isInterrupted()) {
                loaded.close();
            } else {
                give(loaded);
            }
        });
    }
}
