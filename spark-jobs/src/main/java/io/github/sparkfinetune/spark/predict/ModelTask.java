package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.Placement;
import io.github.sparkfinetune.spark.run.Settings;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.spark.SparkContext;
import org.apache.spark.TaskContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Model of a run that tasks open. Consecutive tasks of one command in one JVM share the loaded model.
 *
 * @param config configuration with absolute paths
 * @param which trained model or base model
 * @param command random id of a command. Another command loads the model again, because the run may have been trained
 *     again.
 * @param placement resources of each task
 * @param configuration the driver's configuration of the file systems
 */
public record ModelTask(
        RunConfig config, Which which, String command, Placement placement, SerializableConfiguration configuration)
        implements Serializable {

    /** Sections of the configuration that predictions do not depend on. */
    private static final List<String> OTHER_SECTIONS = List.of("cluster.", "training.", "output.", "device");

    /** A model of a run. */
    enum Which {
        TRAINED,
        BASE
    }

    private record Key(String command, Which which, int gpu, int threads) {}

    /** Returns a new name for the models of a command. */
    static String newCommand() {
        return UUID.randomUUID().toString();
    }

    /** @param tasks number of concurrent tasks */
    static ModelTask of(SparkContext spark, RunConfig config, Which which, String command, int tasks) {
        return new ModelTask(
                config,
                which,
                command,
                Placement.of(spark, config, tasks),
                new SerializableConfiguration(spark.hadoopConfiguration()));
    }

    /**
     * Returns the model of a run for tasks that Spark places freely. One of these tasks computes at a time, or one per
     * GPU ({@link ComputeTurn}).
     *
     * @param name name that is equal for tasks which may share the loaded model
     */
    static ModelTask ofFrame(SparkContext spark, RunConfig config, String name) {
        return new ModelTask(
                config,
                Which.TRAINED,
                name,
                Placement.ofWholeExecutor(spark, config),
                new SerializableConfiguration(spark.hadoopConfiguration()));
    }

    /**
     * Returns everything that predictions of a run's trained model depend on, except their input rows.
     *
     * @param config configuration with absolute paths
     */
    static Map<String, String> settings(RunConfig config, Configuration hadoop) throws IOException {
        Map<String, String> settings = new TreeMap<>(Settings.of(config));
        settings.keySet().removeIf(name -> OTHER_SECTIONS.stream().anyMatch(name::startsWith));
        org.apache.hadoop.fs.Path model =
                new org.apache.hadoop.fs.Path(config.output().model());
        for (FileStatus file : HadoopFiles.fileSystem(model, hadoop).listStatus(model)) {
            settings.put(
                    "the model's " + file.getPath().getName(),
                    file.getLen() + " bytes of " + file.getModificationTime());
        }
        return settings;
    }

    Configuration hadoop() {
        return configuration.value();
    }

    /**
     * Returns the model for a task, on the device that Spark assigned to the task. The model is valid until the task
     * ends.
     */
    Predictor open() throws Exception {
        DjlSettings.apply();
        TaskContext context = TaskContext.get();
        ComputingTasks.begin(context);
        int threads = placement.threads(context);
        Key key = new Key(command, which, placement.gpu(context), threads);
        TaskModels.Loaded<Predictor> loaded = taken(key);
        TaskModels.giveAtEnd(context, loaded);
        Predictor predictor = loaded.model();
        predictor.attach(threads);
        if (predictor.holdsBase()) {
            predictor.asBase(which == Which.BASE);
        }
        return predictor;
    }

    /**
     * Takes the model from the held models. If the trained model is a base with adapters only, it also serves as the
     * base model.
     */
    private TaskModels.Loaded<Predictor> taken(Key key) throws Exception {
        if (which == Which.BASE && config.method().isLora()) {
            Key trained = new Key(command, Which.TRAINED, key.gpu(), key.threads());
            TaskModels.Loaded<Predictor> loaded =
                    TaskModels.take(trained, folder -> load(trained, folder), Predictor::close);
            if (loaded.model().holdsBase()) {
                return loaded;
            }
            TaskModels.give(loaded);
        }
        return TaskModels.take(key, folder -> load(key, folder), Predictor::close);
    }

    private Predictor load(Key key, Path folder) throws IOException {
        return switch (key.which()) {
            case TRAINED -> Predictor.trained(config, hadoop(), folder, key.gpu(), key.threads());
            case BASE -> Predictor.base(config, hadoop(), folder, key.gpu(), key.threads());
        };
    }
}
