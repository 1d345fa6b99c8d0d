package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.data.hf.LocalDir;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import io.github.sparkfinetune.spark.cluster.Placement;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;
import org.apache.spark.util.TaskFailureListener;

/**
 * A run's model, to be opened in tasks. Tasks of one command that follow each other in one JVM share what the first has
 * loaded.
 *
 * @param config with absolute paths
 * @param which what of the run is opened
 * @param command drawn for each command: another one loads anew, for the run may have been trained again
 */
public record ModelTask(
        RunConfig config, Which which, String command, Placement placement, SerializableConfiguration configuration)
        implements Serializable {

    /** Longer than the pauses between the jobs of a command. */
    private static final HeldModels<Key, Loaded> HELD = new HeldModels<>(Duration.ofMinutes(1));

    /** A model of a run. */
    enum Which {
        TRAINED,
        BASE
    }

    private record Key(String command, Which which, int gpu, int threads) {}

    /** A model and the folder with its copy, if it has one. */
    private record Loaded(Key key, Predictor predictor, LocalDir.Held copy) implements AutoCloseable {
        @Override
        public void close() {
            try {
                predictor.close();
            } finally {
                copy.close();
            }
        }
    }

    /** A name for a command's models. */
    static String newCommand() {
        return UUID.randomUUID().toString();
    }

    /** @param tasks how many are computed at once */
    static ModelTask of(SparkContext spark, RunConfig config, Which which, String command, int tasks) {
        return new ModelTask(
                config,
                which,
                command,
                Placement.of(spark, config, tasks),
                new SerializableConfiguration(spark.hadoopConfiguration()));
    }

    /**
     * The model of a run for tasks that Spark places as it likes, of which one computes at a time
     * ({@link ComputeTurn}).
     *
     * @param name the same for tasks that may share the loaded model
     */
    static ModelTask ofFrame(SparkContext spark, RunConfig config, String name) {
        return new ModelTask(
                config,
                Which.TRAINED,
                name,
                Placement.ofWholeExecutor(spark, config),
                new SerializableConfiguration(spark.hadoopConfiguration()));
    }

    /** The driver's configuration of the file systems. */
    Configuration hadoop() {
        return configuration.value();
    }

    /** How many models this JVM has loaded. */
    static long loads() {
        return HELD.loads();
    }

    /** The model for a task, on the device that Spark gave the task; it is valid until the task ends. */
    Predictor open() throws Exception {
        DjlSettings.apply();
        TaskContext context = TaskContext.get();
        int threads = placement.threads(context);
        Key key = new Key(command, which, placement.gpu(context), threads);
        Loaded loaded = taken(key);
        // Of a task that failed nobody knows what it left behind.
        AtomicBoolean failed = new AtomicBoolean();
        context.addTaskFailureListener((TaskFailureListener) (task, error) -> failed.set(true));
        context.addTaskCompletionListener((TaskCompletionListener) task -> {
            if (failed.get() || task.isInterrupted()) {
                loaded.close();
            } else {
                HELD.give(loaded.key(), loaded);
            }
        });
        loaded.predictor().attach(threads);
        if (loaded.predictor().holdsBase()) {
            loaded.predictor().asBase(which == Which.BASE);
        }
        return loaded.predictor();
    }

    /** The base model is the trained one without its adapters, where it has nothing else. */
    private Loaded taken(Key key) throws Exception {
        if (which == Which.BASE && config.method().isLora()) {
            Key trained = new Key(command, Which.TRAINED, key.gpu(), key.threads());
            Loaded loaded = HELD.take(trained, () -> load(trained));
            if (loaded.predictor().holdsBase()) {
                return loaded;
            }
            HELD.give(trained, loaded);
        }
        return HELD.take(key, () -> load(key));
    }

    private Loaded load(Key key) throws IOException {
        LocalDir.Held copy = LocalDir.in(LocalDirs.first(SparkEnv.get())).own();
        try {
            Path folder = copy.path();
            return new Loaded(
                    key,
                    switch (key.which()) {
                        case TRAINED -> Predictor.trained(config, hadoop(), folder, key.gpu(), key.threads());
                        case BASE -> Predictor.base(config, hadoop(), folder, key.gpu(), key.threads());
                    },
                    copy);
        } catch (IOException | RuntimeException e) {
            copy.close();
            throw e;
        }
    }
}
