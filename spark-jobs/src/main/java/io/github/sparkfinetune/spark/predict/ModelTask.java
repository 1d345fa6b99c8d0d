package io.github.sparkfinetune.spark.predict;

import io.github.sparkfinetune.conf.RunConfig;
import io.github.sparkfinetune.conf.load.RunConfigLoader;
import io.github.sparkfinetune.core.predict.Predictor;
import io.github.sparkfinetune.core.task.PredictedRow;
import io.github.sparkfinetune.data.files.HadoopFiles;
import io.github.sparkfinetune.data.files.LocalDir;
import io.github.sparkfinetune.data.hf.ModelFolder;
import io.github.sparkfinetune.data.task.TaskInput;
import io.github.sparkfinetune.spark.cluster.ComputingTasks;
import io.github.sparkfinetune.spark.cluster.DjlSettings;
import io.github.sparkfinetune.spark.cluster.LocalDirs;
import io.github.sparkfinetune.spark.cluster.Placement;
import io.github.sparkfinetune.spark.model.ComputeTurn;
import io.github.sparkfinetune.spark.model.TaskModels;
import io.github.sparkfinetune.spark.run.Settings;
import java.io.IOException;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
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

    private record Key(String command, String model, Which which, int gpu, int threads) {}

    private record Family(String command, Which which) {}

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

    /** Returns this model in another run's output folder. */
    ModelTask in(String folder) {
        RunConfig other = RunConfigLoader.with(config, folder, List.of(RunConfigLoader.override("output.dir", folder)));
        return new ModelTask(other, which, command, placement, configuration);
    }

    Configuration hadoop() {
        return configuration.value();
    }

    /**
     * Returns the model for a task, on the device that Spark assigned to the task. The model is valid until the task
     * ends.
     */
    Predictor open() throws Exception {
        TaskContext context = TaskContext.get();
        TaskModels.Loaded<OpenPredictor> loaded = taken(context);
        TaskModels.giveAtEnd(context, loaded);
        return ready(context, loaded.model().predictor());
    }

    /** Predicts inputs in a task, and leaves the model to others. */
    List<PredictedRow> predict(List<TaskInput> inputs) throws Exception {
        TaskContext context = TaskContext.get();
        TaskModels.Loaded<OpenPredictor> loaded = taken(context);
        List<PredictedRow> rows = new ArrayList<>(inputs.size());
        boolean isDone = false;
        try {
            ready(context, loaded.model().predictor())
                    .predict(inputs.iterator())
                    .forEachRemaining(rows::add);
            isDone = true;
        } finally {
            if (isDone) {
                TaskModels.give(loaded);
            } else {
                // The state of the model is unknown.
                loaded.close();
            }
        }
        return rows;
    }

    private Predictor ready(TaskContext context, Predictor predictor) {
        predictor.attach(placement.threads(context));
        if (predictor.holdsBase()) {
            predictor.asBase(which == Which.BASE);
        }
        return predictor;
    }

    /**
     * Takes the model from the held models. If the trained model is a base with adapters only, it also serves as the
     * base model.
     */
    private TaskModels.Loaded<OpenPredictor> taken(TaskContext context) throws Exception {
        DjlSettings.apply();
        ComputingTasks.begin(context);
        Key key = new Key(command, config.output().model(), which, placement.gpu(context), placement.threads(context));
        if (which == Which.BASE && config.method().isLora()) {
            TaskModels.Loaded<OpenPredictor> loaded =
                    taken(new Key(command, key.model(), Which.TRAINED, key.gpu(), key.threads()));
            if (loaded.model().predictor().holdsBase()) {
                return loaded;
            }
            TaskModels.give(loaded);
        }
        return taken(key);
    }

    private TaskModels.Loaded<OpenPredictor> taken(Key key) throws Exception {
        // On the CPU adapters of one base model share its weights; on a GPU each has a copy.
        Object family = config.method().isLora() && key.gpu() < 0 ? new Family(command, key.which()) : key;
        return TaskModels.take(key, family, folder -> load(key, folder), OpenPredictor::close);
    }

    private OpenPredictor load(Key key, Path folder) throws IOException {
        if (key.which() == Which.TRAINED && !Predictor.isAdapter(config, hadoop())) {
            return new OpenPredictor(
                    Predictor.trained(config, hadoop(), folder, key.gpu(), key.threads()), Optional.empty());
        }
        LocalDir.Held base = ModelFolder.share(config.model(), hadoop(), LocalDir.in(LocalDirs.first(SparkEnv.get())));
        try {
            RunConfig local = RunConfigLoader.with(
                    config,
                    "model",
                    List.of(RunConfigLoader.override("model", base.path().toString())));
            Predictor predictor = switch (key.which()) {
                case TRAINED -> Predictor.trained(local, hadoop(), folder, key.gpu(), key.threads());
                case BASE -> Predictor.base(local, hadoop(), folder, key.gpu(), key.threads());
            };
            return new OpenPredictor(predictor, Optional.of(base));
        } catch (IOException | RuntimeException e) {
            base.close();
            throw e;
        }
    }

    /** A predictor, and the folder of its base model, which all predictors of this machine share. */
    private record OpenPredictor(Predictor predictor, Optional<LocalDir.Held> base) {
        void close() {
            predictor.close();
            base.ifPresent(LocalDir.Held::close);
        }
    }
}
