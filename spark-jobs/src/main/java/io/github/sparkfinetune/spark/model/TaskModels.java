package io.github.sparkfinetune.spark.model;

import io.github.sparkfinetune.data.files.LocalDir;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.util.TaskCompletionListener;
import org.apache.spark.util.TaskFailureListener;

/** Models of all kinds that the tasks of this JVM have loaded. A task takes a model, and returns it when it ends. */
public final class TaskModels {
    /** Longer than the pauses between the jobs of a command, and between the batches of most streams. */
    private static final HeldModels<Object, Loaded<?>> HELD = new HeldModels<>(Duration.ofMinutes(1));

    private TaskModels() {}

    /**
     * Model and the folder with its copy, if there is a copy.
     *
     * @param key key of equal models
     * @param family family of the key, see {@link HeldModels#take}
     * @param model loaded model
     * @param copy folder with the copy
     * @param closer closes the model
     */
    public record Loaded<M>(Object key, Object family, M model, LocalDir.Held copy, Consumer<M> closer)
            implements AutoCloseable {
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
    public interface Loader<M> {
        /**
         * Loads the model.
         *
         * @param localDir folder for copies of folders on other machines
         */
        M load(Path localDir) throws Exception;
    }

    /** Returns the number of models that this JVM has loaded. */
    public static long loads() {
        return HELD.loads();
    }

    /**
     * Returns a model for exclusive use. The caller returns the model or closes it.
     *
     * @param key key that is equal for equal models: a held model with this key is not loaded again
     * @param family equal for models that are held beside each other, such as adapters of one base model
     */
    @SuppressWarnings("unchecked")
    public static <M> Loaded<M> take(Object key, Object family, Loader<M> loader, Consumer<M> closer) throws Exception {
        return (Loaded<M>) HELD.take(key, family, () -> {
            LocalDir.Held copy = LocalDir.in(LocalDirs.first(SparkEnv.get())).own();
            try {
                return new Loaded<>(key, family, loader.load(copy.path()), copy, closer);
            } catch (Exception e) {
                copy.close();
                throw e;
            }
        });
    }

    /** Holds a model that was taken. */
    public static void give(Loaded<?> loaded) {
        HELD.give(loaded.key(), loaded.family(), loaded);
    }

    /** Holds a taken model when the task ends, or closes it if the task fails. */
    public static void giveAtEnd(TaskContext context, Loaded<?> loaded) {
        // The state of the model is unknown after a failed task.
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
